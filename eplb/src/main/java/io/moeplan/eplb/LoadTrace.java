package io.moeplan.eplb;

import java.util.Arrays;
import java.util.List;

/**
 * Expert loads over time: how many tokens each logical expert of each MoE layer received in each step (forward pass).
 *
 * <p>A token counts once for every expert in its top-k, so the counts of a layer sum to tokens · top-k.
 */
public final class LoadTrace {
    /**
     * One forward pass.
     *
     * @param id     the engine's number of the pass, ascending
     * @param tokens tokens in the pass
     * @param counts tokens routed, {@code [layers * experts]} row-major
     */
    public record Step(long id, Phase phase, int tokens, int[] counts) {}

    private final int[] layerIds;
    private final int experts;
    private final List<Step> steps;

    /**
     * @param layerIds the model's own number of each MoE layer, {@code [layers]}
     * @param experts  logical experts per layer
     * @throws IllegalArgumentException if a step's counts are not {@code layers * experts} long or negative
     */
    public LoadTrace(int[] layerIds, int experts, List<Step> steps) {
        this(experts, layerIds.clone(), List.copyOf(steps));
        for (Step step : steps) {
            if (step.counts().length != layerIds.length * experts) {
                throw new IllegalArgumentException("step " + step.id() + " has " + step.counts().length
                        + " counts, expected " + layerIds.length + " layers x " + experts + " experts");
            }
            for (int count : step.counts()) {
                if (count < 0) {
                    throw new IllegalArgumentException("step " + step.id() + " has a negative count: " + count);
                }
            }
        }
    }

    /** Of steps known to be sound. */
    private LoadTrace(int experts, int[] layerIds, List<Step> steps) {
        this.layerIds = layerIds;
        this.experts = experts;
        this.steps = steps;
    }

    /** The model's own number of each MoE layer, {@code [layers]}. */
    public int[] layerIds() {
        return layerIds.clone();
    }

    /** The model's own number of MoE layer {@code layer} (an index, 0 to {@link #layers()} - 1). */
    public int layerId(int layer) {
        return layerIds[layer];
    }

    /** Number of MoE layers. */
    public int layers() {
        return layerIds.length;
    }

    /** Logical experts per layer. */
    public int experts() {
        return experts;
    }

    public List<Step> steps() {
        return steps;
    }

    /** Tokens over all steps. */
    public long tokens() {
        return steps.stream().mapToLong(Step::tokens).sum();
    }

    /** Tokens routed to {@code expert} of MoE layer {@code layer} in step {@code step}; all three are indices. */
    public int count(int step, int layer, int expert) {
        return steps.get(step).counts()[layer * experts + expert];
    }

    /** The sum over all steps of one layer's counts, {@code [experts]}. */
    public long[] totals(int layer) {
        long[] sum = new long[experts];
        for (Step step : steps) {
            for (int e = 0; e < experts; e++) {
                sum[e] += step.counts()[layer * experts + e];
            }
        }
        return sum;
    }

    /** Steps {@code from} (inclusive) to {@code to} (exclusive). */
    public LoadTrace slice(int from, int to) {
        return new LoadTrace(experts, layerIds, steps.subList(from, to));
    }

    /** One MoE layer (an index) by itself, over all steps. */
    public LoadTrace layer(int layer) {
        List<Step> own = steps.stream().map(step -> new Step(step.id(), step.phase(), step.tokens(),
                Arrays.copyOfRange(step.counts(), layer * experts, (layer + 1) * experts))).toList();
        return new LoadTrace(experts, new int[]{layerIds[layer]}, own);
    }
}
