package io.moeplan.recording;

import io.moeplan.eplb.LoadTrace;
import io.moeplan.eplb.Phase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** Small recordings with known contents. */
final class Samples {
    static final Timing TIMING = new Timing(1.5, 2.25, 1000);

    private Samples() {}

    static Manifest manifest(Mode mode) {
        return manifest(mode, List.of(1, 2, 5), 16, 2);
    }

    static Manifest manifest(Mode mode, List<Integer> layerIds, int experts, int topK) {
        return new Manifest("0.1.0", new Manifest.Model("tiny-moe", "qwen3_moe", "sha256:c0ffee", "sha256:beef"), 6,
                layerIds, experts,
                topK, 1, mode, 100, "sha256:abcd", new Origin.Engine("moeplan", "cpu", "fp32"), 0, 0, null, false);
    }

    /** Requests of ten tokens each, tagged code, chat, or nothing in turn. */
    static List<RequestRow> requests(int from, int count) {
        List<RequestRow> rows = new ArrayList<>();
        for (int i = from; i < from + count; i++) {
            String tag = switch (i % 3) {
                case 0 -> "code";
                case 1 -> "chät";
                default -> null;
            };
            rows.add(new RequestRow(i, "req-" + i, tag, 7, 3));
        }
        return rows;
    }

    /** Tokens {@code from} to {@code from + rows}, drawn from a generator seeded with each token's number. */
    static TokenRows tokens(Manifest manifest, int from, int rows, boolean weights) {
        int routed = manifest.layers() * manifest.topK();
        int[] request = new int[rows];
        int[] position = new int[rows];
        int[] tokenId = new int[rows];
        byte[] phase = new byte[rows];
        short[] experts = new short[rows * routed];
        float[] gates = new float[rows * routed];
        for (int i = 0; i < rows; i++) {
            Random random = new Random(from + i);
            request[i] = (from + i) / 10;
            position[i] = (from + i) % 10;
            tokenId[i] = random.nextInt(150_000);
            phase[i] = position[i] < 7 ? TokenRows.PROMPT : TokenRows.RESPONSE;
            for (int k = i * routed; k < (i + 1) * routed; k++) {
                experts[k] = (short) random.nextInt(manifest.numExperts());
                gates[k] = random.nextInt(2048) / 2048f;
            }
        }
        return new TokenRows(request, position, tokenId, phase, experts, weights ? gates : null);
    }

    static LoadTrace.Step step(Manifest manifest, int id) {
        Random random = new Random(id);
        int[] counts = random.ints((long) manifest.layers() * manifest.numExperts(), 0, 1000).toArray();
        return new LoadTrace.Step(id, Phase.ofCode(id % 3), random.nextInt(4096), counts);
    }

    /** The rows alone, in arrays of exactly their length. */
    static TokenRows copy(TokenRows rows, int routed) {
        int count = rows.rows();
        return new TokenRows(Arrays.copyOf(rows.request(), count), Arrays.copyOf(rows.position(), count),
                Arrays.copyOf(rows.tokenId(), count), Arrays.copyOf(rows.phase(), count),
                Arrays.copyOf(rows.experts(), count * routed),
                rows.weights() == null ? null : Arrays.copyOf(rows.weights(), count * routed));
    }

    /** A finished recording of {@code batches} batches, of 20 tokens or 2 steps each. */
    static Path write(Path dir, Mode mode, RecordingWriter.Options options, int batches) throws IOException {
        Manifest manifest = manifest(mode);
        try (RecordingWriter writer = RecordingWriter.create(dir, manifest, options)) {
            for (int i = 0; i < batches; i++) {
                appendBatch(writer, manifest, i, options.storeWeights());
                writer.flush();
            }
            writer.finish(manifest.withTiming(TIMING));
        }
        return dir;
    }

    static void appendBatch(RecordingWriter writer, Manifest manifest, int batch, boolean weights) throws IOException {
        writer.appendRequests(requests(2 * batch, 2));
        if (manifest.mode() == Mode.PER_TOKEN) {
            writer.appendTokens(tokens(manifest, 20 * batch, 20, weights));
        } else {
            writer.appendStep(step(manifest, 2 * batch));
            writer.appendStep(step(manifest, 2 * batch + 1));
        }
    }

    /** Reads everything there is to read; returns tokens, or steps, found. */
    static int readAll(Path dir) throws IOException {
        Recording recording = Recording.open(dir);
        recording.requests();
        recording.loadsByTag();
        int[] rows = new int[1];
        recording.forEachTokenBatch(batch -> rows[0] += batch.rows());
        int steps = recording.trace().steps().size();
        return recording.manifest().mode() == Mode.PER_TOKEN ? rows[0] : steps;
    }

    static void copyRecording(Path from, Path to) throws IOException {
        Files.createDirectories(to);
        try (var files = Files.list(from)) {
            for (Path file : files.toList()) {
                Files.copy(file, to.resolve(file.getFileName()), StandardCopyOption.REPLACE_EXISTING);
            }
        }
    }
}
