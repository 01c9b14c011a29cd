package io.moeplan.eplb.judge;

/**
 * How far the figures of a replay would move if other steps of the same kind had been judged, as {@link Bootstrap} finds
 * it. It says nothing about traffic of another kind, nor about what kernels make of balance.
 *
 * @param level      share of the resamples within the intervals, e.g. 0.95
 * @param resamples  how many were drawn
 * @param steps      judged steps they were drawn from
 * @param blockSteps neighbouring steps that were drawn together
 * @param before     max / mean weighted by tokens, of the layout before
 * @param after      the same of the plan
 * @param gain       of the predicted gain, as {@link Verdict#gain()}
 */
public record GainInterval(double level, int resamples, int steps, int blockSteps, Interval before, Interval after,
        Interval gain) {}
