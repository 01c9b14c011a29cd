package io.moeplan.engine.model;

/** How a layer mixes the tokens of one sequence; always causal. */
public sealed interface Attention {
    /**
     * Multi-head attention whose query heads share keys and values in equal groups.
     *
     * @param heads    query heads
     * @param kvHeads  key and value heads, a divisor of {@code heads}
     * @param headDim  width of a head, even
     * @param bias     whether the projections add a bias
     * @param headNorm whether queries and keys pass an RMS norm per head before the rotation
     * @param window   a token attends to itself and the {@code window - 1} tokens before it; 0: to all before it
     */
    record GroupedQuery(int heads, int kvHeads, int headDim, boolean bias, boolean headNorm, int window,
            Rope rope) implements Attention {
        /** Width of all queries of a token. */
        public int queryWidth() {
            return heads * headDim;
        }

        /** Width of all keys (or all values) of a token. */
        public int keyWidth() {
            return kvHeads * headDim;
        }
    }
}
