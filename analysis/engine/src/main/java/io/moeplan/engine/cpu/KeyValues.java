package io.moeplan.engine.cpu;

import io.moeplan.engine.model.Attention;

/**
 * Keys and values of the sequences attended to together; columns are tokens, counted from the first of them.
 *
 * @param keys   transposed, {@code [kvHeads * headDim][tokens]}
 * @param values {@code [kvHeads][tokens][headDim]}
 */
record KeyValues(float[][] keys, float[][][] values) {
    static KeyValues allocate(Attention.GroupedQuery shape, int tokens) {
        return new KeyValues(new float[shape.keyWidth()][tokens],
                new float[shape.kvHeads()][tokens][shape.headDim()]);
    }

    /** Tokens there is room for. */
    int capacity() {
        return keys[0].length;
    }
}
