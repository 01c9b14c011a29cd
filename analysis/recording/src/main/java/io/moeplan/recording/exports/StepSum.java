package io.moeplan.recording.exports;

import io.moeplan.eplb.LoadTrace;
import io.moeplan.eplb.Phase;
import java.util.List;

/** All steps as one. */
final class StepSum {
    private StepSum() {}

    /** @throws IllegalArgumentException if the sum is more than 32 bits hold */
    static LoadTrace of(LoadTrace trace) {
        if (trace.steps().isEmpty()) {
            return trace;
        }
        int[] sum = new int[trace.layers() * trace.experts()];
        for (int layer = 0; layer < trace.layers(); layer++) {
            long[] totals = trace.totals(layer);
            for (int expert = 0; expert < totals.length; expert++) {
                if (totals[expert] > Integer.MAX_VALUE) {
                    throw new IllegalArgumentException("expert " + expert + " of layer " + trace.layerId(layer)
                            + " was chosen " + totals[expert]
                            + " times, more than 32 bits hold: write the steps rather than their sum");
                }
                sum[layer * totals.length + expert] = (int) totals[expert];
            }
        }
        int tokens = (int) Math.min(Integer.MAX_VALUE, trace.tokens());
        return new LoadTrace(trace.layerIds(), trace.experts(),
                List.of(new LoadTrace.Step(0, Phase.MIXED, tokens, sum)));
    }
}
