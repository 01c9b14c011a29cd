package io.moeplan.recording;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Prints how fast per-token recordings are written and read. Not a test; run it by hand:
 * {@code RecordingBenchmark DIR [million rows] [layers] [experts] [topK]}.
 */
final class RecordingBenchmark {
    private static final int PIECE = 1 << 16;

    private RecordingBenchmark() {}

    public static void main(String[] args) throws IOException {
        Path dir = Path.of(args[0]);
        int millions = number(args, 1, 20);
        List<Integer> layerIds = IntStream.range(0, number(args, 2, 1)).boxed().toList();
        Manifest manifest = Samples.manifest(Mode.PER_TOKEN, layerIds, number(args, 3, 128), number(args, 4, 8));
        for (boolean zstd : new boolean[]{false, true}) {
            for (int round = 0; round < 3; round++) {
                measure(dir.resolve("benchmark-recording"), manifest, zstd, millions * 1_000_000L);
            }
        }
    }

    private static int number(String[] args, int index, int otherwise) {
        return args.length > index ? Integer.parseInt(args[index]) : otherwise;
    }

    private static void measure(Path dir, Manifest manifest, boolean zstd, long rows) throws IOException {
        TokenRows piece = piece(manifest);
        long start = System.nanoTime();
        try (RecordingWriter writer = RecordingWriter.create(dir, manifest,
                new RecordingWriter.Options(zstd, false))) {
            writer.appendRequests(Samples.requests(0, PIECE / 10 + 1));
            for (long done = 0; done < rows; done += PIECE) {
                writer.appendTokens(piece);
            }
            writer.finish(manifest);
        }
        String name = zstd ? "zstd " : "plain";
        report(name + " write      ", rows, start);
        System.out.printf("%s size %,d MiB%n", name, Files.size(dir.resolve(Tables.TOKENS)) >> 20);
        Recording recording = Recording.open(dir);
        start = System.nanoTime();
        recording.forEachTokenBatch(batch -> {});
        report(name + " read       ", rows, start);
        start = System.nanoTime();
        recording.trace(8192);
        report(name + " trace(8192)", rows, start);
        start = System.nanoTime();
        recording.loadsByTag();
        report(name + " loadsByTag ", rows, start);
        start = System.nanoTime();
        recording.digest();
        report(name + " digest     ", rows, start);
        delete(dir);
    }

    /** Popular experts come up more often, as in a real model. */
    private static TokenRows piece(Manifest manifest) {
        TokenRows rows = Samples.tokens(manifest, 0, PIECE, false);
        Random random = new Random(1);
        for (int i = 0; i < rows.experts().length; i++) {
            double skewed = random.nextDouble() * random.nextDouble();
            rows.experts()[i] = (short) (skewed * manifest.numExperts());
        }
        return rows;
    }

    private static void report(String what, long rows, long start) {
        double seconds = (System.nanoTime() - start) / 1e9;
        System.out.printf("%s %6.2f s  %7.2f M rows/s%n", what, seconds, rows / seconds / 1e6);
    }

    private static void delete(Path dir) throws IOException {
        try (Stream<Path> files = Files.list(dir)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
        Files.delete(dir);
    }
}
