package io.moeplan.engine.cpu;

import io.moeplan.engine.model.LayerWeights;
import io.moeplan.tensors.matrix.Matrix;
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

    /** Part of a matrix: rows {@code [out, out + outs)}, columns {@code [in, in + ins)}. */
    record Part(int out, int outs, int in, int ins) {
        static Part all(Matrix weight) {
            return new Part(0, weight.rows(), 0, weight.columns());
        }

        static Part rows(Matrix weight, int from, int count) {
            return new Part(from, count, 0, weight.columns());
        }

        static Part columns(Matrix weight, int from, int count) {
            return new Part(0, weight.rows(), from, count);
        }
    }

    private Projection() {}

    /** The whole matrix, and the bias if there is one: sets {@code y[yRow + i][0 .. out)} for {@code i < rows}. */
    static void apply(LayerWeights.Linear linear, float[][] x, int rows, float[][] y, int yRow, Scratch scratch) {
        apply(linear, Part.all(linear.weight()), x, 0, rows, y, yRow, scratch);
    }

    /** A part of the matrix, and the bias of its rows if there is one. */
    static void apply(LayerWeights.Linear linear, Part part, float[][] x, int xAt, int rows, float[][] y, int yRow,
            Scratch scratch) {
        apply(linear.weight(), part, x, xAt, rows, y, yRow, scratch);
        if (linear.bias().isPresent()) {
            float[] bias = linear.bias().get().toFloats();
            for (int i = 0; i < rows; i++) {
                for (int j = 0; j < part.outs(); j++) {
                    y[yRow + i][j] += bias[part.out() + j];
                }
            }
        }
    }

    /**
     * Sets {@code y[yRow + i][0 .. outs)} for {@code i < rows}.
     *
     * @param x   {@code [rows][xAt + ins]}
     * @param xAt column of {@code x} that meets the part's first column
     */
    static void apply(Matrix weight, Part part, float[][] x, int xAt, int rows, float[][] y, int yRow,
            Scratch scratch) {
        int panelWidth = Math.min(PANEL_WIDTH, part.outs());
        float[][] panel = scratch.rows(Scratch.Use.PANEL, Math.min(PANEL_DEPTH, part.ins()), panelWidth);
        float[][] tile = scratch.rows(Scratch.Use.TILE, rows, panelWidth);
        for (int n = 0; n < part.outs(); n += PANEL_WIDTH) {
            int width = Math.min(PANEL_WIDTH, part.outs() - n);
            for (int i = 0; i < rows; i++) {
                Arrays.fill(tile[i], 0, width, 0);
            }
            for (int k = 0; k < part.ins(); k += PANEL_DEPTH) {
                int depth = Math.min(PANEL_DEPTH, part.ins() - k);
                weight.readPanel(part.out() + n, width, part.in() + k, depth, panel);
                Kernel.multiply(x, 0, rows, xAt + k, panel, 0, depth, tile, 0, width);
            }
            for (int i = 0; i < rows; i++) {
                System.arraycopy(tile[i], 0, y[yRow + i], n, width);
            }
        }
    }
}
