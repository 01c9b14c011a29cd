package io.moeplan.engine.gemm;

import io.moeplan.tensors.matrix.Matrix;
import java.util.Arrays;

/**
 * Products in float32 in plain Java, which the JIT compiler vectorises: a panel of the weights at a time is decoded and
 * transposed, then multiplied with all rows while it is in the cache.
 */
final class PlainGemm extends JavaGemm {
    /** Rows of {@code x} that make decoding a panel cheap beside multiplying with it; more gain nothing. */
    private static final int MOST_ROWS = 1024;
    /** Loops this wide spend little of their time outside their vectorised part. */
    private static final int PANEL_WIDTH = 512;
    private static final int PANEL_DEPTH = 256;

    /** One thread's arrays. */
    private static final class Scratch {
        private static final ThreadLocal<Scratch> OF_THREAD = ThreadLocal.withInitial(Scratch::new);

        private final float[][] panel = new float[PANEL_DEPTH][PANEL_WIDTH];
        private float[][] x = new float[0][];
        private float[][] tile = new float[0][];

        void reserve(int rows, int width) {
            if (x.length < rows || x[0].length < width) {
                x = new float[Math.max(rows, x.length)][Math.max(width, x.length == 0 ? 0 : x[0].length)];
            }
            if (tile.length < rows) {
                tile = new float[rows][PANEL_WIDTH];
            }
        }
    }

    PlainGemm(String reason) {
        super(reason);
    }

    @Override
    public String name() {
        return "plain Java float32";
    }

    @Override
    public void multiply(Matrix weight, Part part, Rows x, Rows y) {
        Shapes.check(weight, part, x, y);
        Scratch scratch = Scratch.OF_THREAD.get();
        scratch.reserve(Math.min(MOST_ROWS, x.rows()), x.width());
        for (int from = 0; from < x.rows(); from += MOST_ROWS) {
            int rows = Math.min(MOST_ROWS, x.rows() - from);
            for (int i = 0; i < rows; i++) {
                HeapRows.read(x, from + i, scratch.x[i]);
            }
            multiply(weight, part, rows, y.slice(from, rows), scratch);
        }
    }

    private static void multiply(Matrix weight, Part part, int rows, Rows y, Scratch scratch) {
        for (int n = 0; n < part.outs(); n += PANEL_WIDTH) {
            int width = Math.min(PANEL_WIDTH, part.outs() - n);
            for (int i = 0; i < rows; i++) {
                Arrays.fill(scratch.tile[i], 0, width, 0);
            }
            for (int k = 0; k < part.ins(); k += PANEL_DEPTH) {
                int depth = Math.min(PANEL_DEPTH, part.ins() - k);
                weight.readPanel(part.out() + n, width, part.in() + k, depth, scratch.panel);
                FmaChains.multiply(scratch.x, 0, rows, k, scratch.panel, 0, depth, scratch.tile, 0, width);
            }
            for (int i = 0; i < rows; i++) {
                HeapRows.write(scratch.tile[i], 0, width, y, i, n);
            }
        }
    }
}
