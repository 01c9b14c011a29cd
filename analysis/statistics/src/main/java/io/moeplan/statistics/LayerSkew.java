package io.moeplan.statistics;

/**
 * How unevenly one MoE layer's experts were loaded over the whole recording.
 *
 * <p>{@code w[e]} is the tokens routed to expert {@code e}, a token counting once for every expert in its top-k. A layer
 * without any load has {@code routed} 0 and the figures of an even one, so that no figure is ever NaN.
 *
 * @param layer              the model's own number of the layer
 * @param routed             sum of {@code w}: tokens times top-k
 * @param cv                 coefficient of variation: population standard deviation of {@code w} / mean of {@code w};
 *                           0 is even, {@code sqrt(experts - 1)} is everything on one expert
 * @param maxOverMean        the hottest expert's load / mean load; 1 is even
 * @param gini               Gini coefficient, {@code sum over i of (2i - n - 1) w_(i) / (n * sum of w)} with {@code w_(i)}
 *                           ascending, i from 1; 0 is even, {@code 1 - 1/n} is everything on one expert
 * @param entropy            {@code -sum of p ln p} of the load shares {@code p}, nats
 * @param normalisedEntropy  {@code entropy / ln(experts)}, 0 to 1; 1 is even
 * @param dead               experts with no token at all
 * @param nearDead           experts with some load, but below 1 % of the mean
 * @param topExperts         how many experts {@link #topShare} is about: a tenth of them, rounded up
 * @param topShare           share of the load on the {@code topExperts} hottest experts, 0 to 1
 * @param hottest            ids of the hottest experts with any load, hottest first, at most {@value #HOTTEST}; of equals
 *                           the lower id first
 */
public record LayerSkew(int layer, long routed, double cv, double maxOverMean, double gini, double entropy,
        double normalisedEntropy, int dead, int nearDead, int topExperts, double topShare, int[] hottest) {
    /** How many of the hottest experts are named. */
    public static final int HOTTEST = 8;
}
