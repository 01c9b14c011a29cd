package io.moeplan.engine.cuda.kernels;

import io.moeplan.engine.cuda.driver.Cuda;
import io.moeplan.engine.cuda.driver.Kernel;
import io.moeplan.engine.cuda.driver.Kernels;
import io.moeplan.engine.cuda.driver.NumberType;
import io.moeplan.engine.cuda.driver.Stream;
import io.moeplan.engine.cuda.driver.TensorMap;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Rows sorted by expert times each expert's weights, of 16 bits with float32 sums: {@code grouped_gemm.cu} on Hopper, else
 * {@code grouped_gemm_mma.cu}. How many rows an expert has stays on the device.
 */
public final class GroupedGemm {
    private static final int HOPPER_THREADS = 384;
    private static final int HOPPER_SHARED = 3 * (128 + 256) * 64 * 2 + 2 * 64 * 256 * 2 + 1024;
    private static final int THREADS = 256;
    private static final int SHARED = 2 * 2 * 128 * 64 * 2;

    private final Cuda cuda;
    private final Kernel kernel;
    private final Kind kind;
    private final NumberType type;
    private final boolean hopper;

    /**
     * What is made of the products.
     *
     * @param gated whether weights are gates, then ups, and {@code activation(gate, up)} times {@link NumberType#mlpScale}
     *              is what comes out
     * @param bias  whether a bias of each weight row is added to the products
     */
    public record Kind(boolean gated, boolean bias, Gate gate) {}

    /** {@code (u' + shift) g' / (1 + exp(-slope g'))} with {@code g' = min(g, limit)} and {@code u'} within the limit. */
    public record Gate(float slope, float shift, float limit) {
        public static final Gate SILU = new Gate(1, 0, Float.POSITIVE_INFINITY);
    }

    /** Without a bias, and {@link Gate#SILU} if gated. */
    public GroupedGemm(Cuda cuda, Kernels kernels, boolean gated) {
        this(cuda, kernels, new Kind(gated, false, Gate.SILU));
    }

    public GroupedGemm(Cuda cuda, Kernels kernels, Kind kind) {
        this.cuda = cuda;
        this.kind = kind;
        type = kernels.type();
        hopper = cuda.hopper();
        String name = hopper ? "grouped_gemm" : "grouped_gemm_mma";
        kernel = kernels.get(name, name, "GATED=" + (kind.gated ? 1 : 0), "BIAS=" + (kind.bias ? 1 : 0),
                "CLAMPED=" + (kind.gate.equals(Gate.SILU) ? 0 : 1)).withShared(hopper ? HOPPER_SHARED : SHARED);
    }

    /**
     * Sizes of a product.
     *
     * @param rows    of the left matrix and the result
     * @param experts 1,024 at most
     * @param columns of the result, a multiple of 8
     * @param depth   columns of the left matrix and the weights, a multiple of 64 (fp8: of 128)
     */
    public record Sizes(int rows, int experts, int columns, int depth) {
        public Sizes {
            if (experts > 1024 || columns % 8 != 0 || depth % 64 != 0) {
                throw new IllegalArgumentException("no kernel multiplies " + experts + " experts' " + columns + " x "
                        + depth);
            }
        }
    }

    /**
     * Queues a product without a bias; everything is a device address.
     *
     * @param a       {@code [rows][depth]}, of 16 bits as all three
     * @param w       {@code [experts][columns][depth]}, if gated {@code [experts][2 * columns][depth]}
     * @param offsets int32 {@code [experts + 1]}, first row of each expert
     * @param c       {@code [rows][columns]}
     */
    public void multiply(Stream stream, Sizes sizes, long a, long w, long offsets, long c) {
        multiply(stream, sizes, a, w, 0, offsets, c);
    }

    /**
     * Queues a product.
     *
     * @param bias float32, {@code [experts][columns]}, if gated {@code [experts][2 * columns]}; 0 for a kind without
     */
    public void multiply(Stream stream, Sizes sizes, long a, long w, long bias, long offsets, long c) {
        int[] grid = {cuda.multiprocessors(), 1, 1};
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment gate = arena.allocateFrom(ValueLayout.JAVA_FLOAT, kind.gate.slope, kind.gate.shift,
                    kind.gate.limit);
            if (!hopper) {
                kernel.launch(stream, grid, THREADS, SHARED, a, w, c, offsets, sizes.experts, sizes.columns,
                        sizes.depth, bias, gate);
                return;
            }
            long weightRows = (long) sizes.experts * sizes.columns * (kind.gated ? 2 : 1);
            MemorySegment left = TensorMap.of(cuda, arena, type, a, sizes.rows, sizes.depth, sizes.depth, 128);
            MemorySegment right = TensorMap.of(cuda, arena, type, w, weightRows, sizes.depth, sizes.depth, 128);
            MemorySegment result = TensorMap.of(cuda, arena, type, c, sizes.rows, sizes.columns, sizes.columns, 64);
            kernel.launch(stream, grid, HOPPER_THREADS, HOPPER_SHARED, left, right, result, c, offsets, sizes.experts,
                    sizes.columns, sizes.depth, bias, gate);
        }
    }
}
