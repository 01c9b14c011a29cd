package io.moeplan.eplb.judge;

import java.util.List;

/**
 * One layout judged on the steps of a trace.
 *
 * @param layout  what was judged: {@code contiguous} or the planner's name
 * @param overall over all MoE layers
 * @param layers  each MoE layer by itself, {@code [layers]}
 * @param gpuLoad tokens that each GPU computes, mean over the judged steps, {@code [layers][gpus]}
 * @param steps   what each judged step had, over all MoE layers
 */
public record LayoutBalance(String layout, Balance overall, List<Balance> layers, double[][] gpuLoad, StepSums steps) {
    /** A layout of which the single steps are not at hand. */
    public LayoutBalance(String layout, Balance overall, List<Balance> layers, double[][] gpuLoad) {
        this(layout, overall, layers, gpuLoad, StepSums.UNKNOWN);
    }
}
