package io.moeplan.eplb;

import java.util.Optional;

/**
 * A plan replayed over a recording's steps, beside the layout there is without it.
 *
 * @param dispatch how a token's replica was chosen, e.g. {@code even}
 * @param before   the engine's default layout, {@code contiguous}, or what is loaded now
 * @param after    the plan
 * @param interval how sure the figures are; empty if there are too few steps to say
 */
public record SimulationResult(String dispatch, Holdout holdout, LayoutBalance before, LayoutBalance after,
        Optional<GainInterval> interval) {
    /** The result with its intervals, as far as the steps of the two layouts are at hand. */
    public SimulationResult(String dispatch, Holdout holdout, LayoutBalance before, LayoutBalance after) {
        this(dispatch, holdout, before, after, Bootstrap.of(before.steps(), after.steps(), Verdicts::gain));
    }
}
