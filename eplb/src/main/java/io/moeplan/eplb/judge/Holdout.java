package io.moeplan.eplb.judge;

/**
 * Which part of a recording a plan was made on and which it was judged on.
 *
 * @param fraction     share of the steps held out, 0 to 1 (0: planned and judged on all of them)
 * @param planSteps    steps planned on: the first ones
 * @param judgedSteps  steps judged on: the rest, or all if nothing was held out
 * @param planTokens   tokens in the steps planned on
 * @param judgedTokens tokens in the steps judged on
 * @param replayed     whether the judged steps are those of a replay rather than the recording's own
 */
public record Holdout(double fraction, int planSteps, int judgedSteps, long planTokens, long judgedTokens,
        boolean replayed) {
    /** The recording's own steps. */
    public Holdout(double fraction, int planSteps, int judgedSteps, long planTokens, long judgedTokens) {
        this(fraction, planSteps, judgedSteps, planTokens, judgedTokens, false);
    }

    /** Whether the judged steps are ones the planner has not seen. */
    public boolean unseen() {
        return fraction > 0;
    }
}
