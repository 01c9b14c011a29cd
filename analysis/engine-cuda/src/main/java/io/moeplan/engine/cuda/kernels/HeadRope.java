package io.moeplan.engine.cuda.kernels;

import io.moeplan.engine.cuda.driver.Kernel;
import io.moeplan.engine.cuda.driver.Kernels;
import io.moeplan.engine.cuda.driver.Stream;

/** Norm of query and key heads and rotary embedding, in place ({@code head_rope.cu}). */
public final class HeadRope {
    private static final int MOST_THREADS = 256;

    private final Kernel kernel;
    private final int dim;

    /**
     * For one kind of heads.
     *
     * @param dim         columns of a head: 64, 128 or 256
     * @param rotary      how many of them turn, from the first: 16 times a power of two, or 0
     * @param interleaved whether pairs are neighbours, not halves
     * @param norm        whether heads are normed
     */
    public HeadRope(Kernels kernels, int dim, int rotary, boolean interleaved, boolean norm) {
        this.dim = dim;
        kernel = kernels.get("head_rope", "head_rope", "DIM=" + dim, "ROTARY=" + rotary,
                "INTERLEAVED=" + (interleaved ? 1 : 0), "NORM=" + (norm ? 1 : 0));
    }

    /**
     * Heads of rows of 16-bit numbers.
     *
     * @param address of the first head of the first row
     * @param stride  elements from a row to the next, a multiple of 8
     * @param step    elements from a head to the next, a multiple of 8
     * @param tokens  rows
     * @param heads   of a row
     * @param queries how many of them, from the first, take the query norm
     */
    public record Heads(long address, long stride, int step, int tokens, int heads, int queries) {}

    /**
     * Weights of the norms, at device addresses; 0 without norms.
     *
     * @param query float32 {@code [dim]}
     * @param key   float32 {@code [dim]}
     */
    public record Norms(long query, long key, float epsilon) {
        public static final Norms NONE = new Norms(0, 0, 0);
    }

    /**
     * Queues it.
     *
     * @param turns     float32 {@code [positions][rotary / 2][2]}: cosine and sine
     * @param positions int32 {@code [tokens]}
     */
    public void apply(Stream stream, Heads heads, Norms norms, long turns, long positions) {
        int lanes = dim / 8;
        int passes = Math.ceilDiv(heads.heads * lanes, MOST_THREADS);
        int threads = Math.ceilDiv(Math.ceilDiv(heads.heads, passes) * lanes, 32) * 32;
        kernel.launch(stream, new int[]{heads.tokens, 1, 1}, threads, 0, heads.address, heads.stride, heads.step,
                heads.heads, heads.queries, norms.query, norms.key, norms.epsilon, turns, positions);
    }
}
