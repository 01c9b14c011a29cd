package io.moeplan.engine.cuda;

import io.moeplan.engine.gemm.Precision;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Products of rows sorted by expert with each expert's weights: Hopper's kernel where it fits, a general one elsewhere. */
final class GroupedProduct {
    /** Three stages of rows and weights, two areas of results, and what aligns them. */
    private static final int SHARED = 3 * (128 + 256) * 64 * 2 + 2 * 64 * 256 * 2 + 1024;
    private static final int THREADS = 384;
    private static final int HOPPER = 90;
    private static final int TILE = 64;

    private final Cuda cuda;
    private final Launcher launcher;
    private final boolean fast;

    GroupedProduct(Cuda cuda, Launcher launcher) {
        this.cuda = cuda;
        this.launcher = launcher;
        fast = cuda.capability() == HOPPER && launcher.precision() == Precision.BF16;
    }

    /**
     * Sorted rows.
     *
     * @param rows    how many rows there are room for; those that count are known on the device only
     * @param offsets int32 {@code [experts + 1]} on the device, the first row of each expert
     */
    record Groups(int rows, long offsets, int experts) {}

    /** Whether Hopper's kernel takes these widths. */
    boolean isFast(int columns, int depth) {
        return fast && columns % TILE == 0 && depth % TILE == 0;
    }

    /**
     * Queues {@code c = silu(gates) * ups} with {@code weights [experts][gates, ups][columns][depth]}.
     *
     * @param a activations {@code [rows][depth]}
     * @param c activations {@code [rows][columns]}
     */
    void gated(Groups groups, long a, long weights, long c, int columns, int depth) {
        hopper(groups, a, weights, c, columns, depth, true);
    }

    /**
     * Queues {@code c = a * weights^T + bias}.
     *
     * @param weights activations' type, {@code [experts][columns][depth]}
     * @param bias    float32 {@code [experts][columns]}, 0 for none
     */
    void plain(Groups groups, long a, long weights, long bias, long c, int columns, int depth) {
        if (bias == 0 && isFast(columns, depth)) {
            hopper(groups, a, weights, c, columns, depth, false);
            return;
        }
        launcher.grid(launcher.kernel("grouped_rows", "grouped_rows"), Math.ceilDiv(columns, TILE),
                Math.ceilDiv(groups.rows(), TILE) + groups.experts(), 128, 0, a, weights, bias, c, groups.offsets(),
                groups.experts(), columns, depth);
    }

    private void hopper(Groups groups, long a, long weights, long c, int columns, int depth, boolean gated) {
        long weightRows = (long) groups.experts() * columns * (gated ? 2 : 1);
        Kernel kernel = launcher.kernel("grouped_gemm", "grouped_gemm", "GATED=" + (gated ? 1 : 0));
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment left = TensorMap.bf16(cuda, arena, a, groups.rows(), depth, 128, TILE);
            MemorySegment right = TensorMap.bf16(cuda, arena, weights, weightRows, depth, 128, TILE);
            MemorySegment result = TensorMap.bf16(cuda, arena, c, groups.rows(), columns, TILE, TILE);
            launcher.grid(kernel, cuda.multiprocessors(), 1, THREADS, SHARED, left, right, result, c,
                    groups.offsets(), groups.experts(), columns, depth);
        }
    }
}
