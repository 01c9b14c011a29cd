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

    /** Without memory for any token yet: {@link #reach} before writing. */
    static KeyValues growing(int heads, int tokens) {
        return new KeyValues(new float[Math.ceilDiv(tokens, BLOCK)][][], new float[heads][tokens][]);
    }

    /** Makes room for columns {@code [from, to)}. */
    void reach(int from, int to, int keyDim, int valueDim) {
        int heads = values.length;
        for (int block = from / BLOCK; block * BLOCK < to; block++) {
            if (keys[block] == null) {
                keys[block] = new float[heads * keyDim][BLOCK];
            }
        }
        for (int column = from; column < to; column++) {
            for (int head = 0; head < heads; head++) {
                values[head][column] = new float[valueDim];
            }
        }
    }

    /** Lets go of columns that nobody will attend to again: those before {@code first}, of keys whole blocks of them. */
    void forget(int first) {
        for (int block = first / BLOCK - 1; block >= 0 && keys[block] != null; block--) {
            keys[block] = null;
        }
        for (float[][] head : values) {
            for (int column = first - 1; column >= 0 && head[column] != null; column--) {
                head[column] = null;
            }
        }
    }

    /** Tokens there is room for. */
    int capacity() {
        return values[0].length;
    }
}
