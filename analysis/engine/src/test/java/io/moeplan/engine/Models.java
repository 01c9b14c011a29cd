package io.moeplan.engine;

import io.moeplan.engine.workload.Request;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;

/** The model fixtures and workloads for them. */
public final class Models {
    private Models() {}

    /** The directory of a model fixture. */
    public static Path directory(String name) {
        return resource("/models/" + name + "/config.json").getParent();
    }

    /** A file or directory among the test resources. */
    public static Path resource(String name) {
        try {
            return Path.of(Models.class.getResource(name).toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The names of all fixtures, ascending. */
    public static Stream<String> fixtures() throws IOException {
        try (Stream<Path> directories = Files.list(directory("qwen3_moe").toAbsolutePath().getParent())) {
            return directories.map(directory -> directory.getFileName().toString()).sorted().toList().stream();
        }
    }

    /** A writable copy of config.json and the weights of a fixture. */
    public static Path copy(String name, Path into) {
        try {
            Path copy = Files.createDirectories(into.resolve(name));
            for (String file : List.of("config.json", "model.safetensors")) {
                Files.copy(directory(name).resolve(file), copy.resolve(file));
            }
            return copy;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Changes the text of config.json. */
    public static void editConfig(Path directory, String old, String replacement) throws IOException {
        Path config = directory.resolve("config.json");
        String text = Files.readString(config);
        if (!text.contains(old)) {
            throw new IllegalArgumentException("config.json has no " + old);
        }
        Files.writeString(config, text.replace(old, replacement));
    }

    /** Requests of uneven length with random ids, each with a response of a third of its length. */
    public static List<Request> workload(int requests, int maxLength, int vocabulary, long seed) {
        Random random = new Random(seed);
        List<Request> workload = new ArrayList<>();
        for (int r = 0; r < requests; r++) {
            int length = 1 + random.nextInt(maxLength);
            workload.add(new Request("r" + r, r % 2 == 0 ? "even" : null,
                    random.ints(length - length / 3, 0, vocabulary).toArray(),
                    random.ints(length / 3, 0, vocabulary).toArray()));
        }
        return workload;
    }

    /** Options with that many threads and room for everything. */
    public static EngineOptions options(int threads) {
        return new EngineOptions(1L << 32, threads, warning -> {});
    }
}
