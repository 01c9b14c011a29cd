package io.moeplan.eplb.traffic;

/** Where the tokens of one layer go. */
sealed interface TokenRoutes permits FixedTokenRoutes, RandomTokenRoutes {
    /**
     * Adds a token to the layer's sum.
     *
     * @param experts its experts, {@code [topK]} from index {@code from} on, as unsigned 16-bit numbers
     * @param source  the rank it comes from, or {@link TokenSources#ANY}
     */
    void add(short[] experts, int from, int topK, int source);
}
