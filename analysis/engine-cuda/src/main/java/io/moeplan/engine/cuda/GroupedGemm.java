package io.moeplan.engine.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Rows sorted by expert times each expert's weights, in bf16 with float32 sums: {@code grouped_gemm.cu} on Hopper, else
 * {@code grouped_gemm_mma.cu}. How many rows an expert has stays on the device.
 */
public final class GroupedGemm {
    private static final int HOPPER_THREADS = 384;
    private static final int HOPPER_SHARED = 3 * (128 + 256) * 64 * 2 + 2 * 64 * 256 * 2 + 1024;
    private static final int THREADS = 256;
    private static final int SHARED = 2 * 2 * 128 * 64 * 2;

    private final Cuda cuda;
    private final Kernel kernel;
    private final boolean gated;
    private final boolean hopper;

    /** @param gated whether weights are gates, then ups, and {@code silu(gate) * up} is what comes out */
    public GroupedGemm(Cuda cuda, Kernels kernels, boolean gated) {
        this(cuda, kernels, gated, cuda.capability() == 90);
    }

    GroupedGemm(Cuda cuda, Kernels kernels, boolean gated, boolean hopper) {
        this.cuda = cuda;
        this.gated = gated;
        this.hopper = hopper;
        String name = hopper ? "grouped_gemm" : "grouped_gemm_mma";
        kernel = kernels.get(name, name, "GATED=" + (gated ? 1 : 0)).withShared(hopper ? HOPPER_SHARED : SHARED);
    }

    /**
     * Sizes of a product.
     *
     * @param rows    of the left matrix and the result
     * @param experts 1,024 at most
     * @param columns of the result
     * @param depth   columns of the left matrix and the weights, a multiple of 64 (fp8: of 128)
     */
    public record Sizes(int rows, int experts, int columns, int depth) {}

    /**
     * Queues a product; everything is a device address.
     *
     * @param a       bf16 {@code [rows][depth]}
     * @param w       bf16 {@code [experts][columns][depth]}, if gated {@code [experts][2 * columns][depth]}
     * @param offsets int32 {@code [experts + 1]}, first row of each expert
     * @param c       bf16 {@code [rows][columns]}
     */
    public void multiply(Stream stream, Sizes sizes, long a, long w, long offsets, long c) {
        int[] grid = {cuda.multiprocessors(), 1, 1};
        if (!hopper) {
            kernel.launch(stream, grid, THREADS, SHARED, a, w, c, offsets, sizes.experts, sizes.columns, sizes.depth);
            return;
        }
        try (Arena arena = Arena.ofConfined()) {
            long weightRows = (long) sizes.experts * sizes.columns * (gated ? 2 : 1);
            MemorySegment left = TensorMap.bf16(cuda, arena, a, sizes.rows, sizes.depth, sizes.depth, 128);
            MemorySegment right = TensorMap.bf16(cuda, arena, w, weightRows, sizes.depth, sizes.depth, 128);
            MemorySegment result = TensorMap.bf16(cuda, arena, c, sizes.rows, sizes.columns, sizes.columns, 64);
            kernel.launch(stream, grid, HOPPER_THREADS, HOPPER_SHARED, left, right, result, c,
                    offsets, sizes.experts, sizes.columns, sizes.depth);
        }
    }
}
