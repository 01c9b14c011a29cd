package io.moeplan.eplb.judge;

import java.util.Optional;

/**
 * A plan replayed over a recording's steps, beside the layout there is without it.
 *
 * @param dispatch how a token's replica was chosen, e.g. {@code even}
 * @param before   the engine's default layout, {@code contiguous}, or what is loaded now
 * @param after    the plan
 * @param interval how sure the figures are; empty if there are too few steps to say
 * @param deadZone max / mean up to which imbalance costs nothing: what gains are counted from
 */
public record SimulationResult(String dispatch, Holdout holdout, LayoutBalance before, LayoutBalance after,
        Optional<GainInterval> interval, double deadZone) {
    /** The result with its intervals, as far as the steps of the two layouts are at hand. */
    public SimulationResult(String dispatch, Holdout holdout, LayoutBalance before, LayoutBalance after) {
        this(dispatch, holdout, before, after, Bootstrap.of(before.steps(), after.steps(), Verdicts::gain));
    }

    /** A result with {@linkplain Verdicts#DEAD_ZONE the usual dead zone}. */
    public SimulationResult(String dispatch, Holdout holdout, LayoutBalance before, LayoutBalance after,
            Optional<GainInterval> interval) {
        this(dispatch, holdout, before, after, interval, Verdicts.DEAD_ZONE);
    }

    /**
     * The same where imbalance costs nothing up to this max / mean.
     *
     * @throws IllegalArgumentException if that is below 1
     */
    public SimulationResult withDeadZone(double ratio) {
        if (!(ratio >= 1)) {
            throw new IllegalArgumentException("a dead zone of " + ratio + " is no max / mean: use 1 or more");
        }
        if (ratio == deadZone) {
            return this;
        }
        return new SimulationResult(dispatch, holdout, before, after, Bootstrap.of(before.steps(), after.steps(),
                (was, is) -> Verdicts.gain(was, is, ratio)), ratio);
    }
}
