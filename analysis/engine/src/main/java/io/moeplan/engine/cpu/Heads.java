package io.moeplan.engine.cpu;

import io.moeplan.engine.model.LayerWeights;

/**
 * The projections of a softmax attention, some heads at a time. What all heads are projected from is made once per token and
 * kept ({@link #prepare}), so that a layer with many heads needs keys and values of a few of them only.
 */
interface Heads {
    /** Floats kept per token. */
    int keptWidth();

    /** Key and value heads. */
    int kvHeads();

    /** Width of a query and of a key. */
    int keyDim();

    /** Width of a value. */
    int valueDim();

    /**
     * Makes what is kept of some tokens.
     *
     * @param x    the normed inputs, {@code [rows][hidden]}; may be changed
     * @param kept {@code [rows][keptWidth]}
     */
    void prepare(float[][] x, int rows, Positions tokens, float[][] kept, Scratch scratch);

    /**
     * Keys and values of {@code heads} key heads from {@code head} on.
     *
     * @param k {@code [rows][heads * keyDim]}
     * @param v {@code [rows][heads * valueDim]}
     */
    void keysValues(Kept kept, Positions tokens, int head, int heads, float[][] k, float[][] v,
            Scratch scratch);

    /**
     * Queries of {@code heads} query heads from {@code head} on, ready for the product with keys.
     *
     * @param q {@code [rows][heads * keyDim]}
     */
    void queries(Kept kept, Positions tokens, int head, int heads, float[][] q, Scratch scratch);

    /**
     * What the output projection takes of these heads.
     *
     * @param mixed {@code [rows][heads * valueDim]}, may be changed
     * @return {@code [rows][heads * width]}, {@code heads} times as wide as a head's columns in {@link #output}
     */
    float[][] outputs(Kept kept, float[][] mixed, int head, int heads, Scratch scratch);

    /** The output projection, whose columns are all heads' values one after the other. */
    LayerWeights.Linear output();

    /** The sink of a query head, negative infinity if it has none. */
    float sink(int head);

    /** Where rows stand in their sequences. */
    @FunctionalInterface
    interface Positions {
        int of(int row);
    }
}
