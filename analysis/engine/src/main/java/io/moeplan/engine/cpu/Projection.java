package io.moeplan.engine.cpu;

import io.moeplan.tensors.Tensor;
import java.util.Arrays;

/**
 * {@code y = x * weight^T} for weights as they lie in the checkpoint, {@code [out, in]}: a panel at a time is decoded to
 * float32 and transposed, then multiplied with all rows while it is in the cache.
 */
final class Projection {
    /** Rows of {@code x} that make decoding a panel cheap beside multiplying with it; more gain nothing. */
    static final int MAX_ROWS = 1024;
    private static final int PANEL_WIDTH = 256;
    private static final int PANEL_DEPTH = 512;

    private Projection() {}

    /**
     * Sets {@code y[yRow + i][0 .. out)} for {@code i < rows}.
     *
     * @param weight {@code [out, in]}
     * @param x      {@code [rows][in]}
     */
    static void apply(Tensor weight, float[][] x, int rows, float[][] y, int yRow, Scratch scratch) {
        int out = (int) weight.shape()[0];
        int in = (int) weight.shape()[1];
        int panelWidth = Math.min(PANEL_WIDTH, out);
        float[][] panel = scratch.rows(Scratch.Use.PANEL, Math.min(PANEL_DEPTH, in), panelWidth);
        float[][] tile = scratch.rows(Scratch.Use.TILE, rows, panelWidth);
        for (int n = 0; n < out; n += PANEL_WIDTH) {
            int width = Math.min(PANEL_WIDTH, out - n);
            for (int i = 0; i < rows; i++) {
                Arrays.fill(tile[i], 0, width, 0);
            }
            for (int k = 0; k < in; k += PANEL_DEPTH) {
                int depth = Math.min(PANEL_DEPTH, in - k);
                decode(weight, in, n, width, k, depth, panel, scratch);
                Kernel.multiply(x, 0, rows, k, panel, 0, depth, tile, 0, width);
            }
            for (int i = 0; i < rows; i++) {
                System.arraycopy(tile[i], 0, y[yRow + i], n, width);
            }
        }
    }

    /** {@code panel[d][j] = weight[n + j][k + d]}. */
    private static void decode(Tensor weight, int in, int n, int width, int k, int depth, float[][] panel,
            Scratch scratch) {
        float[][] rows = scratch.rows(Scratch.Use.WEIGHT_ROWS, 4, depth);
        int j = 0;
        for (; j + 4 <= width; j += 4) {
            for (int r = 0; r < 4; r++) {
                weight.read((long) (n + j + r) * in + k, rows[r], 0, depth);
            }
            scatter(rows[0], rows[1], rows[2], rows[3], depth, panel, j);
        }
        for (; j < width; j++) {
            weight.read((long) (n + j) * in + k, rows[0], 0, depth);
            for (int d = 0; d < depth; d++) {
                panel[d][j] = rows[0][d];
            }
        }
    }

    private static void scatter(float[] r0, float[] r1, float[] r2, float[] r3, int depth, float[][] panel, int j) {
        for (int d = 0; d < depth; d++) {
            float[] row = panel[d];
            row[j] = r0[d];
            row[j + 1] = r1[d];
            row[j + 2] = r2[d];
            row[j + 3] = r3[d];
        }
    }
}
