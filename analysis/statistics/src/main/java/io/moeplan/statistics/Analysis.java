package io.moeplan.statistics;

import java.util.List;

/**
 * What a recording's expert loads look like, computed by {@link Analyzer}.
 *
 * @param experts logical experts per layer
 * @param tokens  tokens over all steps
 * @param steps   steps (forward passes, or windows of them)
 * @param layers  skew of each MoE layer, in the model's order
 * @param summary the same over all layers
 * @param tags    how much each tag differs, by name; empty if the recording has no tags
 * @param drift   how the loads move over steps
 */
public record Analysis(int experts, long tokens, int steps, List<LayerSkew> layers, SkewSummary summary,
        List<TagDifference> tags, Drift drift) {}
