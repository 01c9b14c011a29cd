package io.moeplan.engine.gemm;

/**
 * Matrix multiplication on arrays of rows in plain Java.
 *
 * <p>Every output element is one chain of fused multiply-adds over ascending depth, whichever path computes it; so a row's
 * result never depends on the rows beside it. Rows are arrays of their own and share one index that starts at 0: the form
 * that the JIT compiler (C2) vectorises without proving anything about aliasing. With an offset in the index, or a start
 * other than 0, the same loop runs five times slower.
 */
public final class FmaChains {
    private FmaChains() {}

    /**
     * {@code c[cRow + i][j] += sum over k of a[aRow + i][aAt + k] * b[bRow + k][j]} for {@code i < rows},
     * {@code k < depth}, {@code j < width}. No row of {@code c} may be a row of {@code a} or {@code b}.
     */
    public static void multiply(float[][] a, int aRow, int rows, int aAt, float[][] b, int bRow, int depth, float[][] c,
            int cRow, int width) {
        int i = 0;
        for (; i + 4 <= rows; i += 4) {
            fourRows(a, aRow + i, aAt, b, bRow, depth, c, cRow + i, width);
        }
        for (; i < rows; i++) {
            oneRow(a[aRow + i], aAt, b, bRow, depth, c[cRow + i], width);
        }
    }

    private static void fourRows(float[][] a, int aRow, int aAt, float[][] b, int bRow, int depth, float[][] c,
            int cRow,
            int width) {
        float[] a0 = a[aRow];
        float[] a1 = a[aRow + 1];
        float[] a2 = a[aRow + 2];
        float[] a3 = a[aRow + 3];
        int k = 0;
        for (; k + 4 <= depth; k += 4) {
            int p = aAt + k;
            int q = bRow + k;
            fourByFour(b[q], b[q + 1], b[q + 2], b[q + 3], c[cRow], c[cRow + 1], c[cRow + 2], c[cRow + 3], width,
                    a0[p],
                    a0[p + 1], a0[p + 2], a0[p + 3], a1[p], a1[p + 1], a1[p + 2], a1[p + 3], a2[p], a2[p + 1],
                    a2[p + 2],
                    a2[p + 3], a3[p], a3[p + 1], a3[p + 2], a3[p + 3]);
        }
        for (; k < depth; k++) {
            one(a0[aAt + k], b[bRow + k], c[cRow], width);
            one(a1[aAt + k], b[bRow + k], c[cRow + 1], width);
            one(a2[aAt + k], b[bRow + k], c[cRow + 2], width);
            one(a3[aAt + k], b[bRow + k], c[cRow + 3], width);
        }
    }

    private static void oneRow(float[] a, int aAt, float[][] b, int bRow, int depth, float[] c, int width) {
        int k = 0;
        for (; k + 4 <= depth; k += 4) {
            int p = aAt + k;
            int q = bRow + k;
            oneByFour(b[q], b[q + 1], b[q + 2], b[q + 3], c, width, a[p], a[p + 1], a[p + 2], a[p + 3]);
        }
        for (; k < depth; k++) {
            one(a[aAt + k], b[bRow + k], c, width);
        }
    }

    private static void fourByFour(float[] b0, float[] b1, float[] b2, float[] b3, float[] c0, float[] c1, float[] c2,
            float[] c3, int width, float a00, float a01, float a02, float a03, float a10, float a11, float a12,
            float a13, float a20, float a21, float a22, float a23, float a30, float a31, float a32, float a33) {
        for (int j = 0; j < width; j++) {
            float x0 = b0[j];
            float x1 = b1[j];
            float x2 = b2[j];
            float x3 = b3[j];
            c0[j] = Math.fma(a03, x3, Math.fma(a02, x2, Math.fma(a01, x1, Math.fma(a00, x0, c0[j]))));
            c1[j] = Math.fma(a13, x3, Math.fma(a12, x2, Math.fma(a11, x1, Math.fma(a10, x0, c1[j]))));
            c2[j] = Math.fma(a23, x3, Math.fma(a22, x2, Math.fma(a21, x1, Math.fma(a20, x0, c2[j]))));
            c3[j] = Math.fma(a33, x3, Math.fma(a32, x2, Math.fma(a31, x1, Math.fma(a30, x0, c3[j]))));
        }
    }

    private static void oneByFour(float[] b0, float[] b1, float[] b2, float[] b3, float[] c, int width, float a0,
            float a1, float a2, float a3) {
        for (int j = 0; j < width; j++) {
            c[j] = Math.fma(a3, b3[j], Math.fma(a2, b2[j], Math.fma(a1, b1[j], Math.fma(a0, b0[j], c[j]))));
        }
    }

    private static void one(float a, float[] b, float[] c, int width) {
        for (int j = 0; j < width; j++) {
            c[j] = Math.fma(a, b[j], c[j]);
        }
    }
}
