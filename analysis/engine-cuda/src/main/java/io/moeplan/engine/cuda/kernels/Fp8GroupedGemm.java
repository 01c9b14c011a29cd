package io.moeplan.engine.cuda.kernels;

import io.moeplan.engine.cuda.driver.Cuda;
import io.moeplan.engine.cuda.driver.Kernel;
import io.moeplan.engine.cuda.driver.Kernels;
import io.moeplan.engine.cuda.driver.NumberType;
import io.moeplan.engine.cuda.driver.Stream;
import io.moeplan.engine.cuda.driver.TensorMap;
import io.moeplan.engine.cuda.kernels.GroupedGemm.Sizes;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** The grouped product of fp8 (e4m3) matrices with block scales ({@code grouped_gemm_fp8.cu}). */
public final class Fp8GroupedGemm {
    private static final int THREADS = 384;
    private static final int SHARED = 3 * (128 + 256) * 128 + 2 * 64 * 256 * 2 + 1024;

    private final Cuda cuda;
    private final Kernel kernel;
    private final Result result;
    private final NumberType type;

    /** What becomes of the sums. */
    public enum Result {
        /** Gated as by {@link GroupedGemm}: e4m3 with scales. */
        GATED,
        /** Stored in 16 bits, times {@link NumberType#mlpScale}. */
        STORED,
        /** Added to float32. */
        ADDED
    }

    /** For a GPU that {@link #takes} says yes to. */
    public Fp8GroupedGemm(Cuda cuda, Kernels kernels, Result result) {
        this.cuda = cuda;
        this.result = result;
        type = kernels.type();
        kernel = kernels.get("grouped_gemm_fp8", "grouped_gemm_fp8", "GATED=" + (result == Result.GATED ? 1 : 0),
                "ADDED=" + (result == Result.ADDED ? 1 : 0)).withShared(SHARED);
    }

    /** Whether a GPU multiplies fp8 this way: Hopper. */
    public static boolean takes(Cuda cuda) {
        return cuda.hopper();
    }

    /**
     * A matrix of bytes and its scales, at device addresses.
     *
     * @param scales float32; of rows: {@code [columns / 128][rows]}, of weights: {@code [experts][weight rows / 128, rounded
     *               up][depth / 128]}; 0 for a matrix without
     */
    public record Scaled(long address, long scales) {}

    /**
     * Queues a product, of which all goes into the result.
     *
     * @see #multiply(Stream, Sizes, Scaled, Scaled, long, Scaled, float)
     */
    public void multiply(Stream stream, Sizes sizes, Scaled a, Scaled w, long offsets, Scaled c) {
        multiply(stream, sizes, a, w, offsets, c, 1);
    }

    /**
     * Queues a product.
     *
     * @param sizes   their depth, and if gated their columns, are multiples of 128
     * @param a       e4m3 {@code [rows][depth]}
     * @param w       e4m3 {@code [experts][columns][depth]}, if gated {@code [experts][2 * columns][depth]}
     * @param offsets int32 {@code [experts + 1]}, first row of each expert
     * @param c       {@code [rows][columns]}, e4m3 if gated, float32 if added to, else of 16 bits
     * @param share   what is added is multiplied with
     * @throws IllegalArgumentException if they are not
     */
    public void multiply(Stream stream, Sizes sizes, Scaled a, Scaled w, long offsets, Scaled c, float share) {
        boolean gated = result == Result.GATED;
        if (sizes.depth() % 128 != 0 || (gated && sizes.columns() % 128 != 0)) {
            throw new IllegalArgumentException("blocks of 128 do not divide " + sizes);
        }
        try (Arena arena = Arena.ofConfined()) {
            long weightRows = (long) sizes.experts() * sizes.columns() * (gated ? 2 : 1);
            MemorySegment left = TensorMap.bytes(cuda, arena, a.address, sizes.rows(), sizes.depth(), 128);
            MemorySegment right = TensorMap.bytes(cuda, arena, w.address, weightRows, sizes.depth(), 128);
            MemorySegment stored = switch (result) {
                case GATED -> TensorMap.bytes(cuda, arena, c.address, sizes.rows(), sizes.columns(), 64);
                case STORED -> TensorMap.of(cuda, arena, type, c.address, sizes.rows(), sizes.columns(),
                        sizes.columns(), 64);
                case ADDED -> TensorMap.of(cuda, arena, NumberType.FP32, c.address, sizes.rows(), sizes.columns(),
                        sizes.columns(), 64);
            };
            kernel.launch(stream, new int[]{cuda.multiprocessors(), 1, 1}, THREADS, SHARED, left, right, stored,
                    c.address, a.scales, w.scales, c.scales, sizes.rows(), offsets, sizes.experts(), sizes.columns(),
                    sizes.depth(), share);
        }
    }
}
