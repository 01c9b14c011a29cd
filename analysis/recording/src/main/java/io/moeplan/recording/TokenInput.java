package io.moeplan.recording;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** Reads {@code tokens.arrow} through one set of arrays. */
final class TokenInput {
    private final boolean weights;
    private final int routed;
    private final int experts;
    private final int capacity;
    private TokenRows arrays = new TokenRows(new int[0], new int[0], new int[0], new byte[0], new short[0], null);
    private short[] halves = new short[0];

    private TokenInput(Manifest manifest, boolean weights, int capacity) {
        this.weights = weights;
        this.routed = manifest.layers() * manifest.topK();
        this.experts = manifest.numExperts();
        this.capacity = capacity;
    }

    static boolean hasWeights(Path file, Manifest manifest) throws IOException {
        try (ArrowFileInput input = ArrowFileInput.open(file)) {
            return hasWeights(input, manifest);
        }
    }

    private static boolean hasWeights(ArrowFileInput input, Manifest manifest) throws IOException {
        return input.columnCount() == Tables.tokens(manifest, true).size();
    }

    static void read(Path file, Manifest manifest, TokenConsumer consumer) throws IOException {
        long rows = 0;
        try (ArrowFileInput input = ArrowFileInput.open(file)) {
            boolean weights = hasWeights(input, manifest);
            List<Column> columns = Tables.tokens(manifest, weights);
            input.expect(columns);
            TokenInput reader = new TokenInput(manifest, weights, Tables.batchRows(columns));
            for (IncomingBatch batch = input.next(); batch != null; batch = input.next()) {
                try (IncomingBatch open = batch) {
                    reader.feed(input, open, consumer);
                    rows += open.rows();
                }
            }
            RowCount.check(file, input.isWhole(), manifest, "tokens", rows, manifest.tokens());
        }
    }

    /** Batches of other writers may be far larger than ours, so they go out in pieces. */
    private void feed(ArrowFileInput input, IncomingBatch batch, TokenConsumer consumer) throws IOException {
        for (int from = 0; from < batch.rows(); from += capacity) {
            int begin = from;
            int count = Math.min(capacity, batch.rows() - from);
            input.decode(() -> load(batch, begin, count));
            consumer.accept(arrays);
        }
    }

    private void load(IncomingBatch batch, int from, int count) {
        // Checks that the largest column is really there before arrays of its size are made.
        batch.bytes(4, from, count);
        makeRoom(count);
        batch.ints(0, from, count, arrays.request());
        batch.ints(1, from, count, arrays.position());
        batch.ints(2, from, count, arrays.tokenId());
        batch.bytes(3, from, count, arrays.phase());
        batch.shorts(4, from, count, arrays.experts());
        if (weights) {
            batch.shorts(5, from, count, halves);
            for (int i = 0; i < count * routed; i++) {
                arrays.weights()[i] = Float.float16ToFloat(halves[i]);
            }
        }
        TokenChecks.check(arrays, routed, experts);
    }

    private void makeRoom(int count) {
        if (arrays.request().length < count) {
            int values = count * routed;
            arrays = new TokenRows(new int[count], new int[count], new int[count], new byte[count], new short[values],
                    weights ? new float[values] : null);
            halves = new short[weights ? values : 0];
        }
        arrays = new TokenRows(count, arrays.request(), arrays.position(), arrays.tokenId(), arrays.phase(),
                arrays.experts(), arrays.weights());
    }
}
