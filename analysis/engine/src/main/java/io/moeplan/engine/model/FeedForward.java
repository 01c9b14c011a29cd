package io.moeplan.engine.model;

/** The feed-forward block of a layer. Every MLP is {@code down(silu(gate(x)) * up(x))}. */
public sealed interface FeedForward {
    /** One MLP for every token; {@code width} is its inner width. */
    record Dense(int width) implements FeedForward {}

    /** A router and its experts; {@code width} is the inner width of one expert. */
    record Sparse(Router router, int width) implements FeedForward {}
}
