package io.moeplan.engine.gemm;

import io.moeplan.tensors.matrix.Matrix;
import java.util.Arrays;
import java.util.Optional;

/**
 * Products in float32 with the JDK's Vector API, which keeps sums in registers where plain loops store them after every few
 * weights. The sums are the same bit for bit: both are one chain of fused multiply-adds over ascending depth.
 *
 * <p>The API is an incubator module: the JVM has it only when started with {@code --add-modules jdk.incubator.vector}, and
 * then prints a warning that nothing switches off. So users decide, and {@link Ladder} tells them what it is worth.
 */
final class VectorGemm extends JavaGemm {
    /** Rows of {@code x} that make decoding a panel cheap beside multiplying with it, as in {@link PlainGemm}. */
    private static final int MOST_ROWS = 1024;
    private static final int PANEL_WIDTH = 256;
    private static final int PANEL_DEPTH = 256;
    /** Fours of rows whose part of a panel's depth, with their sums, stays in a core's own cache. */
    private static final int FOURS_IN_CACHE = 32;
    private static final String MODULE = "jdk.incubator.vector";
    private static final int LEAST_BITS = 256;

    /** One thread's arrays. */
    private static final class Scratch {
        private static final ThreadLocal<Scratch> OF_THREAD = ThreadLocal.withInitial(Scratch::new);

        private final float[][] panel = new float[PANEL_DEPTH][PANEL_WIDTH];
        /** A panel as strips, {@code [strip][depth][COLUMNS]}. */
        private final float[] strips = new float[PANEL_DEPTH * PANEL_WIDTH];
        /** Rows by fours, {@code [width / PANEL_DEPTH][rows / ROWS][depth][ROWS]}. */
        private float[] x = new float[0];
        private float[] row = new float[0];
        /** {@code [rows][PANEL_WIDTH]}. */
        private float[] tile = new float[0];

        void reserve(int rows, int width) {
            if (x.length < rows * width) {
                x = new float[rows * width];
            }
            if (row.length < width) {
                row = new float[width];
            }
            if (tile.length < rows * PANEL_WIDTH) {
                tile = new float[rows * PANEL_WIDTH];
            }
        }
    }

    VectorGemm(String reason) {
        super(reason);
    }

    /** Why this cannot be used, or is not worth it; empty if it is. */
    static Optional<String> problem() {
        if (ModuleLayer.boot().findModule(MODULE).isEmpty()) {
            return Optional.of("Java was started without --add-modules " + MODULE + ", with which it prints a warning;"
                    + " where there is no oneDNN, MOEPLAN_OPTS=\"--add-modules " + MODULE
                    + "\" makes products 1.7 times"
                    + " as fast with AVX-512, 1.4 times with AVX2");
        }
        return VectorKernel.bits() >= LEAST_BITS
                ? Optional.empty()
                : Optional.of("vectors of " + VectorKernel.bits() + " bits, with which plain Java is as fast");
    }

    @Override
    public String name() {
        return "Vector API float32 (" + VectorKernel.bits() + " bits)";
    }

    @Override
    public void multiply(Matrix weight, Part part, Rows x, Rows y) {
        Shapes.check(weight, part, x, y);
        Scratch scratch = Scratch.OF_THREAD.get();
        for (int from = 0; from < x.rows(); from += MOST_ROWS) {
            int rows = Math.min(MOST_ROWS, x.rows() - from);
            int fours = Math.ceilDiv(rows, VectorKernel.ROWS);
            scratch.reserve(fours * VectorKernel.ROWS, x.width());
            pack(x.slice(from, rows), fours, scratch);
            multiply(weight, part, fours, y.slice(from, rows), scratch);
        }
    }

    /** Interleaves rows by fours, a panel's depth at a time; what lies behind the last row gives rows that nobody reads. */
    private static void pack(Rows x, int fours, Scratch scratch) {
        for (int i = 0; i < x.rows(); i++) {
            HeapRows.read(x, i, scratch.row);
            int four = i / VectorKernel.ROWS;
            for (int k = 0; k < x.width(); k += PANEL_DEPTH) {
                int depth = Math.min(PANEL_DEPTH, x.width() - k);
                int first = (fours * k + four * depth) * VectorKernel.ROWS + i % VectorKernel.ROWS;
                interleave(scratch.row, k, depth, scratch.x, first);
            }
        }
    }

    private static void interleave(float[] row, int from, int count, float[] into, int first) {
        for (int k = 0; k < count; k++) {
            into[first + VectorKernel.ROWS * k] = row[from + k];
        }
    }

    private static void multiply(Matrix weight, Part part, int fours, Rows y, Scratch scratch) {
        for (int n = 0; n < part.outs(); n += PANEL_WIDTH) {
            int width = Math.min(PANEL_WIDTH, part.outs() - n);
            Arrays.fill(scratch.tile, 0, fours * VectorKernel.ROWS * PANEL_WIDTH, 0);
            for (int k = 0; k < part.ins(); k += PANEL_DEPTH) {
                int depth = Math.min(PANEL_DEPTH, part.ins() - k);
                weight.readPanel(part.out() + n, width, part.in() + k, depth, scratch.panel);
                cut(scratch.panel, width, depth, scratch.strips);
                for (int four = 0; four < fours; four += FOURS_IN_CACHE) {
                    int some = Math.min(FOURS_IN_CACHE, fours - four);
                    multiply(fours * k * VectorKernel.ROWS, four, some, depth, width, scratch);
                }
            }
            for (int i = 0; i < y.rows(); i++) {
                HeapRows.write(scratch.tile, i * PANEL_WIDTH, width, y, i, n);
            }
        }
    }

    private static void cut(float[][] panel, int width, int depth, float[] strips) {
        for (int column = 0; column < width; column += VectorKernel.COLUMNS) {
            for (int k = 0; k < depth; k++) {
                System.arraycopy(panel[k], column, strips, column * PANEL_DEPTH + k * VectorKernel.COLUMNS,
                        VectorKernel.COLUMNS);
            }
        }
    }

    /** Some fours of rows with all strips; columns behind {@code width} get what nobody reads. */
    private static void multiply(int panelAt, int four, int fours, int depth, int width, Scratch scratch) {
        for (int column = 0; column < width; column += VectorKernel.COLUMNS) {
            for (int row = four * VectorKernel.ROWS; row < (four + fours)
                    * VectorKernel.ROWS; row += VectorKernel.ROWS) {
                VectorKernel.multiply(scratch.x, panelAt + row * depth, scratch.strips, column * PANEL_DEPTH, depth,
                        scratch.tile, row * PANEL_WIDTH + column, PANEL_WIDTH);
            }
        }
    }
}
