package io.moeplan.eplb.replay;

import io.moeplan.eplb.LoadTrace;
import io.moeplan.eplb.Plan;
import io.moeplan.eplb.TokenTrace;
import io.moeplan.eplb.judge.Holdout;
import io.moeplan.eplb.judge.HoldoutSplit;
import java.util.List;

/**
 * The requests of a recording that a plan may be judged on by a replay. A plan is made on the first steps of a recording,
 * which are its first tokens; a request of which any token was among them is not unseen. A recording has its requests one
 * after another.
 *
 * @param judged     the requests to judge on: those that begin after the tokens planned on, or all of them
 * @param fraction   share of the recording's tokens in them if the plan has not seen them, else 0
 * @param planSteps  steps planned on
 * @param planTokens tokens planned on
 */
public record ReplaySplit(TokenTrace judged, double fraction, int planSteps, long planTokens) {
    /**
     * The requests to judge a finished plan on: those after the tokens it was made on, if it was made on this recording and
     * left some; else all of them.
     *
     * @param digest the digest of the recording that the trace is from, as {@link Plan.Recording#digest()} has it
     * @throws IllegalArgumentException if tokens are left, but no request begins with them
     */
    public static ReplaySplit forPlan(TokenTrace trace, String digest, Plan plan) {
        Plan.Recording madeOn = plan.recording();
        if (!digest.equals(madeOn.digest())) {
            return new ReplaySplit(trace, 1, madeOn.steps(), madeOn.tokens());
        }
        return madeOn.tokens() >= trace.tokens()
                ? new ReplaySplit(trace, 0, madeOn.steps(), madeOn.tokens())
                : after(trace, madeOn.steps(), madeOn.tokens());
    }

    /**
     * The requests that begin after the steps to plan on; all of them if nothing is held out.
     *
     * @param steps the steps of the recording that the trace is from, cut
     * @throws IllegalArgumentException if tokens are held out, but no request begins with them
     */
    public static ReplaySplit of(TokenTrace trace, HoldoutSplit steps) {
        Holdout holdout = steps.holdout();
        return holdout.unseen()
                ? after(trace, holdout.planSteps(), holdout.planTokens())
                : new ReplaySplit(trace, 0, holdout.planSteps(), holdout.planTokens());
    }

    private static ReplaySplit after(TokenTrace trace, int planSteps, long planTokens) {
        List<TokenTrace.Request> requests = trace.requests();
        long before = 0;
        int first = 0;
        while (first < requests.size() && before < planTokens) {
            before += requests.get(first++).tokens();
        }
        TokenTrace judged = new TokenTrace(trace.layerIds(), trace.experts(), trace.topK(),
                requests.subList(first, requests.size()));
        if (judged.tokens() == 0) {
            throw new IllegalArgumentException("none of the recording's " + requests.size()
                    + " requests begins after the " + planTokens + " tokens planned on: use --holdout 0 to judge on all"
                    + " of them, or plan on fewer steps");
        }
        return new ReplaySplit(judged, (double) judged.tokens() / trace.tokens(), planSteps, planTokens);
    }

    /** What a replay of {@link #judged} is to be called. */
    public Holdout holdout(LoadTrace replayed) {
        return new Holdout(fraction, planSteps, replayed.steps().size(), planTokens, replayed.tokens(), true);
    }
}
