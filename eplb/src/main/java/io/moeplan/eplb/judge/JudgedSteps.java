package io.moeplan.eplb.judge;

import io.moeplan.eplb.LoadTrace;

/**
 * The steps that a plan is judged on.
 *
 * @param loads   what ran in them
 * @param sources which rank their tokens came from
 * @param holdout whether the plan has seen them
 * @param origin  where they come from, a line for people; empty if they are the recording's own
 */
public record JudgedSteps(LoadTrace loads, SourceCounts sources, Holdout holdout, String origin) {
    /** The recording's own steps, whose sources nobody knows. */
    public static JudgedSteps recorded(HoldoutSplit split) {
        return new JudgedSteps(split.judged(), SourceCounts.unknown(), split.holdout(), "");
    }
}
