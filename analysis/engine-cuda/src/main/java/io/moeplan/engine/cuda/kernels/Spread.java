package io.moeplan.engine.cuda.kernels;

import io.moeplan.engine.cuda.driver.Kernel;
import io.moeplan.engine.cuda.driver.Kernels;
import io.moeplan.engine.cuda.driver.Stream;
import io.moeplan.engine.cuda.kernels.Fp8GroupedGemm.Scaled;

/** Copies each token's row to its rows in expert order, as it is or as fp8 ({@code spread.cu}). */
public final class Spread {
    private final Kernel kernel;
    private final int threads;
    private final boolean fp8;
    private final int topK;

    /**
     * For one shape.
     *
     * @param width columns, a multiple of 8, for fp8 of 128
     * @param topK  rows of a token
     */
    public Spread(Kernels kernels, int width, int topK, boolean fp8) {
        threads = RowThreads.of(width, fp8 ? 16 : 8);
        this.fp8 = fp8;
        this.topK = topK;
        kernel = kernels.get("spread", "spread", "WIDTH=" + width, "TOP_K=" + topK, "FP8=" + (fp8 ? 1 : 0));
    }

    /**
     * Queues it.
     *
     * @param x       16-bit {@code [tokens][width]}
     * @param slotRow int32 {@code [tokens][topK]}; 0 with one row a token: in the tokens' order
     * @param rows    {@code [tokens * topK][width]}: as x, or e4m3 with scales {@code [width / 128][tokens * topK]}
     */
    public void apply(Stream stream, int tokens, long x, long slotRow, Scaled rows) {
        int[] grid = {tokens, 1, 1};
        if (fp8) {
            kernel.launch(stream, grid, threads, 0, x, rows.address(), rows.scales(), (long) tokens * topK, slotRow);
        } else {
            kernel.launch(stream, grid, threads, 0, x, rows.address(), slotRow);
        }
    }
}
