package io.moeplan.engine.backend;

/**
 * Sequences on their way through the model: the residual stream {@code [tokens][hidden]} and the operations on it. Layers
 * are called in order, within a layer {@link #attention}, then {@link #dense} or {@link #route} and {@link #experts}.
 * Results do not depend on which other sequences are in the wave.
 *
 * <p>Every operation reports to its {@link Work} and lets what that throws pass.
 */
public interface Wave extends AutoCloseable {
    /** Adds {@code attention(norm(residual))} to the residual. */
    void attention(int layer, Work work);

    /**
     * Norms the residual for the feed-forward block, lets every token choose its experts, and tells the wave's {@link Wanted}.
     *
     * @return the first token with a router logit that is not finite, -1 if there is none
     */
    int route(int layer, Work work);

    /** Adds the weighted outputs of the chosen experts to the residual; comes after {@link #route} of this layer. */
    void experts(int layer, Work work);

    /** Adds {@code mlp(norm(residual))} to the residual. */
    void dense(int layer, Work work);

    /** Copies one token's residual into {@code [hidden]}. */
    void residual(int token, float[] into);

    /** Computes one token's residual after the final norm, {@code [hidden]}. */
    void finalNorm(int token, float[] into);

    /** Computes the logits {@code [tokens.length][vocabulary]} of some tokens of the wave. */
    void logits(int[] tokens, float[][] into, Work work);

    @Override
    void close();
}
