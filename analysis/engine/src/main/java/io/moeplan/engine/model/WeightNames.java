package io.moeplan.engine.model;

/**
 * How a family names its tensors. {@code {layer}} and {@code {expert}} stand for numbers.
 *
 * @param attentionNorm   before attention
 * @param feedForwardNorm before the feed-forward block
 * @param queryNorm       per-head norm of the queries, where the attention has one
 * @param keyNorm         per-head norm of the keys
 * @param router          the gate, {@code [experts, hidden]}
 */
public record WeightNames(String embedding, String finalNorm, String head, String attentionNorm, String feedForwardNorm,
        Projections attention, String queryNorm, String keyNorm, String router, Mlp dense, Mlp expert) {
    /** Attention projections, each named without {@code .weight} and {@code .bias}. */
    public record Projections(String query, String key, String value, String output) {}

    /** The three matrices of a gated MLP. */
    public record Mlp(String gate, String up, String down) {}

    /** The pattern with its layer filled in. */
    public static String of(String pattern, int layer) {
        return pattern.replace("{layer}", Integer.toString(layer));
    }

    /** The pattern with its layer and its expert filled in. */
    public static String of(String pattern, int layer, int expert) {
        return of(pattern, layer).replace("{expert}", Integer.toString(expert));
    }
}
