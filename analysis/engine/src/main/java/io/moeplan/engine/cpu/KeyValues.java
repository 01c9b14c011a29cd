package io.moeplan.engine.cpu;

/**
 * Keys and values of the sequences attended to together; columns are tokens, counted from the first of them.
 *
 * @param keys   transposed and cut into blocks, {@code [blocks][heads * keyDim][BLOCK]}
 * @param values {@code [heads][tokens][valueDim]}
 */
record KeyValues(float[][][] keys, float[][][] values) {
    /**
     * Tokens of a block of keys. Scores are computed from the start of a block, where others' keys may lie: the smaller a
     * block, the less of that, the larger, the faster the loop over it.
     */
    static final int BLOCK = 128;

    /** @param heads key and value heads held at once */
    static KeyValues allocate(int heads, int keyDim, int valueDim, int tokens) {
        return new KeyValues(new float[Math.ceilDiv(tokens, BLOCK)][heads * keyDim][BLOCK],
                new float[heads][tokens][valueDim]);
    }

    /** Tokens there is room for. */
    int capacity() {
        return values[0].length;
    }
}
