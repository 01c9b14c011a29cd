package io.moeplan.report;

import io.moeplan.eplb.Plan;
import io.moeplan.eplb.dispatch.Dispatch;
import io.moeplan.eplb.dispatch.EvenSplit;
import io.moeplan.eplb.dispatch.LeastMaximum;
import io.moeplan.eplb.traffic.Traffic;

/**
 * How far tokens travel under a plan, beside the engine's default layout.
 *
 * @param layerIds the model's own number of each MoE layer, {@code [layers]}, in the order of the figures
 * @param tokens   tokens looked at
 * @param unseen   whether the plan was made without them
 * @param before   under the contiguous layout
 * @param after    under the plan
 */
public record TrafficReport(Plan plan, Dispatch dispatch, int[] layerIds, long tokens, boolean unseen, Traffic before,
        Traffic after) {
    /** @throws IllegalArgumentException if the figures are not for these layers */
    public TrafficReport {
        if (before.layers().size() != layerIds.length || after.layers().size() != layerIds.length) {
            throw new IllegalArgumentException("traffic of " + before.layers().size() + " and "
                    + after.layers().size() + " layers, expected " + layerIds.length);
        }
    }

    /** Whether there was a matrix of costs. */
    boolean priced() {
        return after.overall().cost().isPresent();
    }

    /** Whether the rule shares out batches and does not say where a single token goes. */
    boolean byShares() {
        return dispatch instanceof EvenSplit || dispatch instanceof LeastMaximum;
    }
}
