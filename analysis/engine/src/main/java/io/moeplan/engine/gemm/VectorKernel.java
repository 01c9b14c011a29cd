package io.moeplan.engine.gemm;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * The inner loop of {@link VectorGemm}, alone in its class because the JVM can only load it where
 * {@code jdk.incubator.vector} is among its modules.
 *
 * <p>4 rows by 2 vectors are held in registers: 8 sums, so that each multiply-add has its latency to complete in; with 2
 * vectors of weights and a broadcast activation they fit the 16 registers of AVX2 too. 4 rows by 3 vectors are 5 % faster
 * with the 32 registers of AVX-512, and half as fast with 16.
 */
final class VectorKernel {
    /** Rows that are multiplied together. */
    static final int ROWS = 4;
    private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
    private static final int LANES = SPECIES.length();
    /** Columns that are multiplied together. */
    static final int COLUMNS = 2 * LANES;

    private VectorKernel() {}

    /** Bits of the processor's vectors, as far as the JVM uses them. */
    static int bits() {
        return SPECIES.vectorBitSize();
    }

    /**
     * {@code y[yAt + i * stride + j] += sum over k of x[xAt + k * ROWS + i] * w[wAt + k * COLUMNS + j]} for
     * {@code i < ROWS}, {@code j < COLUMNS}, {@code k < depth}; every element is one chain of fused multiply-adds over
     * ascending {@code k}.
     */
    static void multiply(float[] x, int xAt, float[] w, int wAt, int depth, float[] y, int yAt, int stride) {
        int row1 = yAt + stride;
        int row2 = row1 + stride;
        int row3 = row2 + stride;
        FloatVector y00 = FloatVector.fromArray(SPECIES, y, yAt);
        FloatVector y01 = FloatVector.fromArray(SPECIES, y, yAt + LANES);
        FloatVector y10 = FloatVector.fromArray(SPECIES, y, row1);
        FloatVector y11 = FloatVector.fromArray(SPECIES, y, row1 + LANES);
        FloatVector y20 = FloatVector.fromArray(SPECIES, y, row2);
        FloatVector y21 = FloatVector.fromArray(SPECIES, y, row2 + LANES);
        FloatVector y30 = FloatVector.fromArray(SPECIES, y, row3);
        FloatVector y31 = FloatVector.fromArray(SPECIES, y, row3 + LANES);
        for (int k = 0; k < depth; k++) {
            int from = wAt + k * COLUMNS;
            int at = xAt + k * ROWS;
            FloatVector w0 = FloatVector.fromArray(SPECIES, w, from);
            FloatVector w1 = FloatVector.fromArray(SPECIES, w, from + LANES);
            FloatVector x0 = FloatVector.broadcast(SPECIES, x[at]);
            y00 = x0.fma(w0, y00);
            y01 = x0.fma(w1, y01);
            FloatVector x1 = FloatVector.broadcast(SPECIES, x[at + 1]);
            y10 = x1.fma(w0, y10);
            y11 = x1.fma(w1, y11);
            FloatVector x2 = FloatVector.broadcast(SPECIES, x[at + 2]);
            y20 = x2.fma(w0, y20);
            y21 = x2.fma(w1, y21);
            FloatVector x3 = FloatVector.broadcast(SPECIES, x[at + 3]);
            y30 = x3.fma(w0, y30);
            y31 = x3.fma(w1, y31);
        }
        y00.intoArray(y, yAt);
        y01.intoArray(y, yAt + LANES);
        y10.intoArray(y, row1);
        y11.intoArray(y, row1 + LANES);
        y20.intoArray(y, row2);
        y21.intoArray(y, row2 + LANES);
        y30.intoArray(y, row3);
        y31.intoArray(y, row3 + LANES);
    }
}
