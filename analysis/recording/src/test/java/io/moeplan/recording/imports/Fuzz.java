package io.moeplan.recording.imports;

import io.moeplan.eplb.dispatch.Engine;
import io.moeplan.recording.RequestRow;
import io.moeplan.recording.TokenRows;
import io.moeplan.recording.maps.EngineMap;
import io.moeplan.recording.maps.EngineMaps;
import io.moeplan.recording.maps.MapTarget;
import io.moeplan.tensors.StridedTensor;
import io.moeplan.tensors.torch.Sequence;
import io.moeplan.tensors.torch.TorchArchive;
import io.moeplan.tensors.torch.Value;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;

/**
 * Feeds damaged dumps to every reader: each must end in a result or in one {@link IOException} of one line that names the
 * file. Run {@link #main} for many:
 *
 * <pre>
 * java -Xmx256m ... io.moeplan.recording.imports.Fuzz 500000 [seed]
 * </pre>
 */
final class Fuzz {
    private static final long SLOWEST_NANOS = 1_000_000_000;
    private static final int WARM_UP = 1000;
    private static final int MOST_VALUES = 10_000;
    private static final long[] INTERESTING = {0, 1, -1, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, Integer.MAX_VALUE,
        Integer.MIN_VALUE, 0xffffffffL, 1L << 32, 1L << 40, Long.MAX_VALUE, Long.MIN_VALUE};

    /** A sound file; one in a folder is put into that folder's place. */
    record Seed(String name, byte[] bytes) {}

    /** How inputs ended. */
    record Tally(long results, long errors, long slowestNanos) {}

    private final SplittableRandom random;
    private final Path folder;
    private final List<Seed> seeds;
    private final FuzzedMerge merges;

    Fuzz(long seed, Path folder) throws IOException {
        this.random = new SplittableRandom(seed);
        this.folder = folder;
        this.seeds = seeds();
        this.merges = new FuzzedMerge(seeds);
        Files.createDirectories(folder.resolve("trtllm"));
        Files.copy(Dumps.resource("trtllm/meta_info.json"), folder.resolve("trtllm/meta_info.json"));
    }

    private static List<Seed> seeds() throws IOException {
        List<Seed> seeds = new ArrayList<>();
        for (String dir : List.of("fuzz", "count_matrix", "sglang_stat", "sglang_per_pass", "sglang_dense_per_pass",
                "sglang_per_token", "trtllm")) {
            try (Stream<Path> files = Files.list(Dumps.resource(dir))) {
                for (Path file : files.sorted().limit(8).toList()) {
                    seeds.add(new Seed(file.getFileName().toString(), Files.readAllBytes(file)));
                }
            }
        }
        seeds.add(new Seed("imatrix.gguf", ImatrixTest.imatrix(10)));
        seeds.add(text("a.jsonl", "{\"id\":\"x\",\"choices\":[{\"routed_experts\":[[[0,1],[2,3]],[[1,0],[3,7]]],"
                + "\"token_ids\":[1,2]}],\"prompt_routed_experts\":[[[1,2],[0,4]]],\"usage\":{\"prompt_tokens\":1}}\n"));
        seeds.add(text("b.jsonl", "{\"routed_experts\":{\"data\":\"AAAAAAEAAAACAAAAAwAAAA==\",\"shape\":[1,2,2]},"
                + "\"meta_info\":{\"prompt_tokens\":2}}\n{\"error\":{}}"));
        seeds.addAll(FuzzSeeds.maps());
        seeds.addAll(FuzzSeeds.tables());
        seeds.addAll(FuzzSeeds.recordings());
        seeds.add(text("c.jsonl", "{\"routed_experts\":\"AAAAAAEAAAACAAAAAwAAAA==\",\"tag\":\"t\"}"));
        return seeds;
    }

    static Seed text(String name, String text) {
        return new Seed(name, text.getBytes(StandardCharsets.UTF_8));
    }

    /** Tries so many inputs; throws {@link AssertionError} with the input that failed. */
    Tally run(long inputs) throws IOException {
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        long results = 0;
        long slowest = 0;
        for (long i = 0; i < inputs; i++) {
            Seed seed = seeds.get(random.nextInt(seeds.size()));
            byte[] bytes = mutated(seed.bytes());
            if (seed.name().contains("/")) {
                results += merges.read(folder, seed, bytes) ? 1 : 0;
                continue;
            }
            boolean inFolder = seed.name().matches("rank\\d+(_raw)?\\.safetensors|meta_info\\.json");
            Path file = (inFolder ? folder.resolve("trtllm") : folder).resolve(seed.name());
            Files.write(file, bytes);
            long from = threads.getCurrentThreadCpuTime();
            results += read(inFolder ? folder.resolve("trtllm") : file, bytes) ? 1 : 0;
            // The first ones load classes, and other programs do not count.
            slowest = i < WARM_UP ? 0 : Math.max(slowest, threads.getCurrentThreadCpuTime() - from);
            if (slowest > SLOWEST_NANOS) {
                throw failed(file, bytes, "takes more than a second", null);
            }
            if (inFolder && !seed.name().equals("meta_info.json")) {
                Files.delete(file);
            }
            if (seed.name().equals("meta_info.json")) {
                Files.write(file, seed.bytes());
            }
        }
        return new Tally(results, inputs - results, slowest);
    }

    private boolean read(Path source, byte[] bytes) {
        if (source.getFileName().toString().startsWith("map.")) {
            return readMap(source, bytes);
        }
        try {
            Inspection.of(source);
            SourceFormat format = Detector.detect(source);
            ImportOptions options = new ImportOptions("fuzz", 2, null, null, 1, null);
            try (LoadSource opened = Importer.open(source, format, options)) {
                walk(opened);
            }
            if (format == SourceFormat.SGLANG && Files.isRegularFile(source)) {
                readAll(source);
            }
            return true;
        } catch (IOException e) {
            requireClear(source, bytes, e);
            return false;
        } catch (RuntimeException | StackOverflowError | OutOfMemoryError e) {
            throw failed(source, bytes, "ends in " + e, e);
        }
    }

    /** As a map of every engine's, and of the one that its content says. */
    private static boolean readMap(Path source, byte[] bytes) {
        boolean read = false;
        for (Engine engine : Engine.values()) {
            try {
                EngineMap map = EngineMaps.read(engine, source);
                map.plan(MapTarget.ANY, 1, map.gpus() > 0 ? 0 : 1);
                read = true;
            } catch (IOException e) {
                requireClear(source, bytes, e);
            } catch (RuntimeException | StackOverflowError | OutOfMemoryError e) {
                throw failed(source, bytes, "as " + engine + " ends in " + e, e);
            }
        }
        try {
            Inspection.of(source);
        } catch (IOException e) {
            requireClear(source, bytes, e);
        } catch (RuntimeException | StackOverflowError | OutOfMemoryError e) {
            throw failed(source, bytes, "ends in " + e, e);
        }
        return read;
    }

    static void requireClear(Path source, byte[] bytes, IOException e) {
        String message = e.getMessage();
        if (message == null || message.contains("\n") || !message.contains(source.getFileName().toString())) {
            throw failed(source, bytes, "does not name the file in one line: " + message, e);
        }
    }

    private static void walk(LoadSource opened) throws IOException {
        switch (opened) {
            case StepSource steps -> steps.forEachStep((id, phase, tokens, counts, done) -> {});
            case TokenSource tokens -> tokens.forEachToken(new TokenSource.Visitor() {
                @Override
                public void request(RequestRow request) {
                    // only walked
                }

                @Override
                public void tokens(TokenRows rows, double done) {
                    // only walked
                }
            });
        }
    }

    private static void readAll(Path source) throws IOException {
        try (TorchArchive archive = TorchArchive.open(source)) {
            List<Value> open = new ArrayList<>(List.of(archive.root()));
            for (int i = 0; i < open.size() && i < MOST_VALUES; i++) {
                switch (open.get(i)) {
                    case Value.Dict dict -> open.addAll(dict.entries().values());
                    case Value.Items(Sequence items) -> {
                        for (int k = 0; k < Math.min(items.size(), 100); k++) {
                            open.add(items.get(k));
                        }
                    }
                    case Value.Tensor(StridedTensor tensor) -> {
                        double[] some = new double[(int) Math.min(1000, tensor.elements())];
                        tensor.doubles(0, some, 0, some.length);
                        tensor.doubles(tensor.elements() - some.length, some, 0, some.length);
                    }
                    default -> {
                    }
                }
            }
        }
    }

    static AssertionError failed(Path file, byte[] bytes, String how, Throwable cause) {
        try {
            Path kept = Files.write(Path.of(System.getProperty("java.io.tmpdir"), "fuzz-failed-" + file.getFileName()),
                    bytes);
            String head = HexFormat.of().formatHex(Arrays.copyOf(bytes, Math.min(64, bytes.length)));
            return new AssertionError(kept + " " + how + " (begins " + head + ")", cause);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private byte[] mutated(byte[] sound) {
        byte[] bytes = sound.clone();
        int times = 1 + random.nextInt(random.nextInt(4) == 0 ? 16 : 4);
        for (int i = 0; i < times; i++) {
            bytes = mutatedOnce(bytes);
        }
        return bytes;
    }

    private byte[] mutatedOnce(byte[] bytes) {
        if (bytes.length == 0) {
            return new byte[]{(byte) random.nextInt(256)};
        }
        int at = random.nextInt(bytes.length);
        int length = Math.min(bytes.length - at, 1 + random.nextInt(random.nextInt(8) == 0 ? 256 : 8));
        switch (random.nextInt(8)) {
            case 0 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
            case 1 -> bytes[at] = (byte) random.nextInt(256);
            case 2 -> bytes[at] += (byte) (random.nextBoolean() ? 1 : -1);
            case 3, 4 -> overwrite(bytes, at);
            case 5 -> {
                return random.nextInt(4) == 0 ? Arrays.copyOf(bytes, at) : without(bytes, at, length);
            }
            case 6 -> {
                return with(bytes, random.nextInt(bytes.length), Arrays.copyOfRange(bytes, at, at + length));
            }
            default -> {
                byte[] other = seeds.get(random.nextInt(seeds.size())).bytes();
                int from = random.nextInt(other.length);
                byte[] piece = Arrays.copyOfRange(other, from, Math.min(other.length, from + length));
                System.arraycopy(piece, 0, bytes, at, Math.min(piece.length, length));
            }
        }
        return bytes;
    }

    private void overwrite(byte[] bytes, int at) {
        long value = INTERESTING[random.nextInt(INTERESTING.length)];
        ByteBuffer number = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(value);
        int width = 1 << random.nextInt(4);
        System.arraycopy(number.array(), 0, bytes, at, Math.min(width, bytes.length - at));
    }

    private static byte[] without(byte[] bytes, int at, int length) {
        byte[] left = Arrays.copyOf(bytes, bytes.length - length);
        System.arraycopy(bytes, at + length, left, at, bytes.length - at - length);
        return left;
    }

    private static byte[] with(byte[] bytes, int at, byte[] piece) {
        byte[] longer = Arrays.copyOf(bytes, bytes.length + piece.length);
        System.arraycopy(piece, 0, longer, at, piece.length);
        System.arraycopy(bytes, at, longer, at + piece.length, bytes.length - at);
        return longer;
    }

    public static void main(String[] args) throws IOException {
        long inputs = Long.parseLong(args[0]);
        long seed = args.length > 1 ? Long.parseLong(args[1]) : 1;
        long from = System.nanoTime();
        Tally tally = new Fuzz(seed, Files.createTempDirectory("fuzz")).run(inputs);
        System.out.printf(
                "seed %d: %,d inputs in %,d s: %,d results, %,d errors, slowest %,d ms, %,d MiB of heap allowed%n",
                seed, inputs,
                (System.nanoTime() - from) / 1_000_000_000, tally.results(), tally.errors(),
                tally.slowestNanos() / 1_000_000, Runtime.getRuntime().maxMemory() >> 20);
    }
}
