package io.moeplan.eplb.search;

/**
 * Seconds that replicas take in decode: its tokens, and the weights of the experts that get any.
 *
 * @param tokens expected tokens in a step, {@code [scenarios][experts]}
 */
record ActivationTimes(float[][] tokens, CostModel model) implements ReplicaLoad {
    @Override
    public double of(int scenario, int expert, double share) {
        return model.replicaSeconds(tokens[scenario][expert] * share, 1);
    }
}
