package io.moeplan.engine.cpu;

import io.moeplan.engine.gemm.Rows;

/** What a layer's heads keep of {@code count} tokens of the wave from {@code from} on. */
record Kept(OffHeapRows all, int from, int count) {
    /** Some columns of all these tokens, to be multiplied where they are. */
    Rows columns(int column, int width) {
        return all.rows(from, count, column, width);
    }

    /** Some columns of one of them. */
    void read(int row, int column, float[] into, int width) {
        all.read(from + row, column, into, width);
    }
}
