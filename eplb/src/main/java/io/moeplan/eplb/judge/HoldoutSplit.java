package io.moeplan.eplb.judge;

import io.moeplan.eplb.LoadTrace;
import io.moeplan.eplb.Plan;

/**
 * A trace cut into the steps to plan on and the steps to judge on, in that order in time.
 *
 * @param plan    the first steps
 * @param judged  the rest, or all steps if nothing is held out
 * @param holdout the cut in figures
 */
public record HoldoutSplit(LoadTrace plan, LoadTrace judged, Holdout holdout) {
    /**
     * Cuts a trace. Steps in which no expert received a token are left out before the cut (a circular buffer's unused
     * steps would else be what is judged on).
     *
     * @param fraction share of the steps to hold out, 0 (plan and judge on all) to below 1; at least one step lands on
     *                 each side
     * @throws IllegalArgumentException if the fraction is out of range, the trace has no tokens, or it has one step only
     *                                  and is to be cut
     */
    public static HoldoutSplit of(LoadTrace trace, double fraction) {
        requireShare(fraction);
        LoadTrace busy = withoutEmptySteps(trace);
        int steps = busy.steps().size();
        if (steps == 0) {
            throw new IllegalArgumentException("the recording has no step in which an expert received a token");
        }
        if (fraction == 0) {
            return new HoldoutSplit(busy, busy, new Holdout(0, steps, steps, busy.tokens(), busy.tokens()));
        }
        if (steps == 1) {
            throw new IllegalArgumentException("the recording has one step, so none can be held out: use --holdout 0 to"
                    + " plan and judge on the same step, or cut a per-token recording finer with"
                    + " --pass-tokens");
        }
        int judgedSteps = Math.clamp(Math.round(steps * fraction), 1, steps - 1);
        LoadTrace plan = busy.slice(0, steps - judgedSteps);
        LoadTrace judged = busy.slice(steps - judgedSteps, steps);
        return new HoldoutSplit(plan, judged,
                new Holdout(fraction, steps - judgedSteps, judgedSteps, plan.tokens(), judged.tokens()));
    }

    /**
     * Checks a share of the steps to hold out.
     *
     * @throws IllegalArgumentException if it is not 0 to below 1
     */
    public static void requireShare(double fraction) {
        if (!(fraction >= 0 && fraction < 1)) {
            throw new IllegalArgumentException("--holdout " + fraction + " is not a share of the steps: use 0 (none) or"
                    + " a number below 1, such as 0.5");
        }
    }

    /**
     * The steps to judge a finished plan on: those after the ones it was made on, if it was made on this recording and
     * left some; else all of them.
     *
     * @param digest the digest of the recording that the trace is from, as {@link Plan.Recording#digest()} has it
     * @throws IllegalArgumentException if the trace has no tokens
     */
    public static HoldoutSplit forPlan(LoadTrace trace, String digest, Plan plan) {
        LoadTrace busy = withoutEmptySteps(trace);
        int steps = busy.steps().size();
        if (steps == 0) {
            throw new IllegalArgumentException("the recording has no step in which an expert received a token");
        }
        Plan.Recording madeOn = plan.recording();
        if (!digest.equals(madeOn.digest())) {
            Holdout unseen = new Holdout(1, madeOn.steps(), steps, madeOn.tokens(), busy.tokens());
            return new HoldoutSplit(busy.slice(0, 0), busy, unseen);
        }
        if (madeOn.steps() >= steps) {
            return of(trace, 0);
        }
        LoadTrace seen = busy.slice(0, madeOn.steps());
        LoadTrace judged = busy.slice(madeOn.steps(), steps);
        double fraction = (double) judged.steps().size() / steps;
        return new HoldoutSplit(seen, judged,
                new Holdout(fraction, madeOn.steps(), judged.steps().size(), seen.tokens(), judged.tokens()));
    }

    private static LoadTrace withoutEmptySteps(LoadTrace trace) {
        var busy = trace.steps().stream().filter(HoldoutSplit::routedAny).toList();
        return busy.size() == trace.steps().size() ? trace : new LoadTrace(trace.layerIds(), trace.experts(), busy);
    }

    private static boolean routedAny(LoadTrace.Step step) {
        for (int count : step.counts()) {
            if (count != 0) {
                return true;
            }
        }
        return false;
    }
}
