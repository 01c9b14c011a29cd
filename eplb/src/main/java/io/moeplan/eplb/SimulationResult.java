package io.moeplan.eplb;

/**
 * A plan replayed over a recording's steps, beside the engine's default layout.
 *
 * @param dispatch how a token's replica was chosen, e.g. {@code even}
 * @param before   the contiguous layout
 * @param after    the plan
 */
public record SimulationResult(String dispatch, Holdout holdout, LayoutBalance before, LayoutBalance after) {}
