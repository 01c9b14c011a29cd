package io.moeplan.eplb.search;

/**
 * Tokens: {@code w q} for a share q, which is {@code 1 / r} under even split, plus what sampling noise adds to the fullest
 * GPU.
 *
 * <p>The tokens of an expert in a step scatter around their expectation w by sqrt(w), those of a GPU by the square root of
 * {@code V = sum w_e q_e^2}. For a normal L with variance V, {@code E[L^p] = L^p (1 + p (p - 1) / 2 V / L^2 + ...)}, so
 * to first order noise acts on the p-norm as if L were larger by {@code (p - 1) / 2 V / L}; with L about the mean GPU load
 * that is a sum over replicas, {@code noise * w q^2}.
 *
 * @param tokens expected tokens, {@code [scenarios][experts]}
 * @param noise  {@code (p - 1) / 2 /} (tokens of the mean GPU in a step); 0 to leave sampling noise out
 */
public record TokenLoads(float[][] tokens, double noise) implements ReplicaLoad {
    /** Expected tokens on GPUs, with the sampling noise of steps as large as these. */
    static TokenLoads noisy(float[][] tokens, int gpus) {
        double sum = 0;
        for (float[] scenario : tokens) {
            for (float t : scenario) {
                sum += t;
            }
        }
        double perGpu = sum / tokens.length / gpus;
        return new TokenLoads(tokens, (SmoothMaximum.POWER - 1) / 2.0 / Math.max(SmoothMaximum.POWER, perGpu));
    }

    @Override
    public double of(int scenario, int expert, double share) {
        double part = tokens[scenario][expert] * share;
        return part + noise * part * share;
    }
}
