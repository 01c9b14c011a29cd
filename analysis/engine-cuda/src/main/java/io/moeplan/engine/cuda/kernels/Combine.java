package io.moeplan.engine.cuda.kernels;

import io.moeplan.engine.cuda.driver.Kernel;
import io.moeplan.engine.cuda.driver.Kernels;
import io.moeplan.engine.cuda.driver.Stream;

/** Adds what the experts gave to the residual stream, weighted, and takes the next norm ({@code combine.cu}). */
public final class Combine {
    private final Kernel kernel;
    private final int threads;

    /**
     * For one shape.
     *
     * @param width columns, a multiple of 8
     * @param topK  rows of a token
     * @param norm  whether the norm of the new residual stream is taken
     */
    public Combine(Kernels kernels, int width, int topK, boolean norm) {
        threads = RowThreads.of(width);
        kernel = kernels.get("combine", "combine", "WIDTH=" + width, "THREADS=" + threads, "TOP_K=" + topK,
                "NORM=" + (norm ? 1 : 0));
    }

    /**
     * What comes in, at device addresses.
     *
     * @param y       16-bit {@code [tokens * topK][width]}, in expert order, times {@code NumberType.mlpScale}
     * @param slotRow int32 {@code [tokens][topK]}: rows of {@code y}
     * @param weights float32 {@code [tokens][topK]}
     */
    public record Parts(long y, long slotRow, long weights) {}

    /**
     * Queues it.
     *
     * @param x    float32 {@code [tokens][width]}, changed in place
     * @param norm float32 {@code [width]}, or 0
     * @param out  16-bit {@code [tokens][width]}, or 0
     */
    public void apply(Stream stream, int tokens, long x, Parts parts, long norm, long out, float epsilon) {
        kernel.launch(stream, new int[]{tokens, 1, 1}, threads, 0, x, parts.y, parts.slotRow, parts.weights,
                norm, out, epsilon);
    }
}
