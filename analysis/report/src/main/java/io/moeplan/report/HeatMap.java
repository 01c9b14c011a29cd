package io.moeplan.report;

import io.moeplan.eplb.LoadTrace;
import java.util.Arrays;

/**
 * How many tokens each expert of each MoE layer received.
 *
 * @param layerIds the model's own number of each MoE layer, {@code [layers]}
 * @param loads    tokens routed over the whole recording, {@code [layers][experts]}
 */
public record HeatMap(int[] layerIds, long[][] loads) {
    /** The totals of a trace. */
    public static HeatMap of(LoadTrace trace) {
        long[][] loads = new long[trace.layers()][];
        Arrays.setAll(loads, trace::totals);
        return new HeatMap(trace.layerIds(), loads);
    }

    int layers() {
        return loads.length;
    }

    int experts() {
        return loads.length == 0 ? 0 : loads[0].length;
    }

    /** Load / mean load of one layer, {@code [experts]}; all 0 if the layer has no load. */
    double[] relative(int layer) {
        long sum = Arrays.stream(loads[layer]).sum();
        double mean = sum == 0 ? 1 : (double) sum / loads[layer].length;
        return Arrays.stream(loads[layer]).mapToDouble(load -> load / mean).toArray();
    }
}
