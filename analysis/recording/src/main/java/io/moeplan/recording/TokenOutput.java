package io.moeplan.recording;

import java.io.IOException;
import org.apache.arrow.memory.BufferAllocator;

/** Writes {@code tokens.arrow}. */
final class TokenOutput implements LoadOutput {
    private final ArrowFileOutput file;
    private final ColumnBuffers columns;
    private final int experts;
    private final int routed;
    private final boolean weights;
    private int pending;
    private short[] halves = new short[0];

    TokenOutput(ArrowFileOutput file, Manifest manifest, boolean weights, BufferAllocator allocator) {
        var layout = Tables.tokens(manifest, weights);
        this.file = file;
        this.columns = new ColumnBuffers(allocator, layout, Tables.batchRows(layout));
        this.experts = manifest.numExperts();
        this.routed = manifest.layers() * manifest.topK();
        this.weights = weights;
    }

    /** @throws IllegalArgumentException if the rows are not of this recording's shape */
    void check(TokenRows rows) {
        long values = (long) rows.rows() * routed;
        if (rows.experts().length < values) {
            throw new IllegalArgumentException(rows.rows() + " tokens have " + rows.experts().length
                    + " experts, expected " + routed + " (layers x top_k) each");
        }
        if (weights && (rows.weights() == null || rows.weights().length < values)) {
            throw new IllegalArgumentException(
                    rows.rows() + " tokens lack weights, expected " + routed + " (layers x top_k) each");
        }
        TokenChecks.check(rows, routed, experts);
    }

    /** Copies as many rows from {@code from} on as fit, and returns how many; then {@link #isFull()} may hold. */
    int fill(TokenRows rows, int from) {
        int taken = Math.min(rows.rows() - from, columns.capacity() - pending);
        columns.view(0).asIntBuffer().put(pending, rows.request(), from, taken);
        columns.view(1).asIntBuffer().put(pending, rows.position(), from, taken);
        columns.view(2).asIntBuffer().put(pending, rows.tokenId(), from, taken);
        columns.view(3).put(pending, rows.phase(), from, taken);
        columns.view(4).asShortBuffer().put(pending * routed, rows.experts(), from * routed, taken * routed);
        if (weights) {
            fillWeights(rows.weights(), from, taken);
        }
        pending += taken;
        return taken;
    }

    private void fillWeights(float[] values, int from, int taken) {
        int count = taken * routed;
        if (halves.length < count) {
            halves = new short[count];
        }
        for (int i = 0; i < count; i++) {
            halves[i] = Float.floatToFloat16(values[from * routed + i]);
        }
        columns.view(5).asShortBuffer().put(pending * routed, halves, 0, count);
    }

    boolean isFull() {
        return pending == columns.capacity();
    }

    @Override
    public void write() throws IOException {
        if (pending == 0) {
            return;
        }
        try (OutgoingBatch batch = columns.batch(pending)) {
            file.append(batch);
        }
        pending = 0;
    }

    @Override
    public long tokens() {
        return file.rows();
    }

    @Override
    public ArrowFileOutput file() {
        return file;
    }

    @Override
    public void close() throws IOException {
        columns.close();
        file.close();
    }
}
