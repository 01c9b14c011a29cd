package io.moeplan.eplb.search;

/**
 * How strongly pairs of experts are drawn to the same GPU and node: the price of a placement is
 * {@code -sum over GPUs (nodes) and pairs e, f on them of weight * pull[e][f] / (replicas_e * replicas_f)}. With
 * {@code pull[e][f]} the tokens (in units of all tokens) that are routed to both, the sum is the saving in expected
 * distinct GPUs (nodes) per token when a replica is chosen at random, each pair by itself.
 *
 * @param pull       {@code [experts][experts]}, symmetric, not negative
 * @param gpuWeight  cost (in mean GPU loads) of a distinct GPU per token
 * @param nodeWeight the same for nodes
 */
public record Affinity(float[][] pull, double gpuWeight, double nodeWeight) {
    /** Nothing is drawn together. */
    public static final Affinity NONE = new Affinity(new float[0][0], 0, 0);

    boolean none() {
        return pull.length == 0 || (gpuWeight == 0 && nodeWeight == 0);
    }
}
