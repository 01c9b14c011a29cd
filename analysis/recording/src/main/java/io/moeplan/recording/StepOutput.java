package io.moeplan.recording;

import io.moeplan.eplb.LoadTrace;
import java.io.IOException;
import org.apache.arrow.memory.BufferAllocator;

/** Writes {@code steps.arrow}: a row per step and layer, all layers of a step in one batch. */
final class StepOutput implements LoadOutput {
    private final ArrowFileOutput file;
    private final ColumnBuffers columns;
    private final Manifest manifest;
    private int pending;
    private long pendingTokens;
    private long tokens;
    private long lastStep = Long.MIN_VALUE;

    StepOutput(ArrowFileOutput file, Manifest manifest, BufferAllocator allocator) {
        var layout = Tables.steps(manifest);
        int steps = Math.max(1, Tables.batchRows(layout) / manifest.layers());
        this.file = file;
        this.columns = new ColumnBuffers(allocator, layout, steps * manifest.layers());
        this.manifest = manifest;
    }

    /** @throws IllegalArgumentException if the step is not of this recording's shape or not later than the last */
    void append(LoadTrace.Step step) throws IOException {
        check(step);
        if (pending == columns.capacity()) {
            write();
        }
        int experts = manifest.numExperts();
        for (int layer = 0; layer < manifest.layers(); layer++, pending++) {
            columns.view(0).putLong(Long.BYTES * pending, step.id());
            columns.view(1).put(pending, (byte) step.phase().code());
            columns.view(2).putShort(Short.BYTES * pending, (short) (int) manifest.layerIds().get(layer));
            columns.view(3).putInt(Integer.BYTES * pending, step.tokens());
            columns.view(4).asIntBuffer().put(pending * experts, step.counts(), layer * experts, experts);
        }
        pendingTokens += step.tokens();
        lastStep = step.id();
    }

    private void check(LoadTrace.Step step) {
        int expected = manifest.layers() * manifest.numExperts();
        if (step.counts().length != expected) {
            throw new IllegalArgumentException("step " + step.id() + " has " + step.counts().length
                    + " counts, expected " + expected + " (layers x experts)");
        }
        if (step.id() <= lastStep) {
            throw new IllegalArgumentException("step " + step.id() + " follows step " + lastStep + ": steps ascend");
        }
        int signs = step.tokens();
        for (int count : step.counts()) {
            signs |= count;
        }
        if (signs < 0) {
            throw new IllegalArgumentException("step " + step.id() + " has a negative count");
        }
    }

    @Override
    public void write() throws IOException {
        if (pending == 0) {
            return;
        }
        try (OutgoingBatch batch = columns.batch(pending)) {
            file.append(batch);
        }
        tokens += pendingTokens;
        pending = 0;
        pendingTokens = 0;
    }

    @Override
    public long tokens() {
        return tokens;
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
