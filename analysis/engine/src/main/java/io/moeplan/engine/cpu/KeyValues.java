package io.moeplan.engine.cpu;

import io.moeplan.engine.model.Attention;

/**
 * Keys and values of the sequences attended to together; columns are tokens, counted from the first of them.
 *
 * @param keys   transposed and cut into blocks, {@code [blocks][kvHeads * headDim][BLOCK]}
 * @param values {@code [kvHeads][tokens][headDim]}
 */
record KeyValues(float[][][] keys, float[][][] values) {
    /**
     * Tokens of a block of keys. Scores are computed from the start of a block, where others' keys may lie: the smaller a
     * block, the less of that, the larger, the faster the loop over it.
     */
    static final int BLOCK = 128;

    static KeyValues allocate(Attention.GroupedQuery shape, int tokens) {
        return new KeyValues(new float[Math.ceilDiv(tokens, BLOCK)][shape.keyWidth()][BLOCK],
                new float[shape.kvHeads()][tokens][shape.headDim()]);
    }

    /** Tokens there is room for. */
    int capacity() {
        return values[0].length;
    }
}
