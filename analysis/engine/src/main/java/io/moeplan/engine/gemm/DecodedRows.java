package io.moeplan.engine.gemm;

/** A few rows of weights on the heap: together, since matrices that lie transposed are read several rows at a time. */
final class DecodedRows {
    private static final int TOGETHER = 16;
    private static final ThreadLocal<float[][]> OF_THREAD = ThreadLocal.withInitial(() -> new float[TOGETHER][0]);

    private DecodedRows() {}

    /** The calling thread's, at least {@code width} wide, with whatever was last left in them. */
    static float[][] ofThread(int width) {
        float[][] rows = OF_THREAD.get();
        if (rows[0].length < width) {
            rows = new float[TOGETHER][width];
            OF_THREAD.set(rows);
        }
        return rows;
    }
}
