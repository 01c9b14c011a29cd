package io.moeplan.eplb.dispatch;

/** A {@link Dispatch} rule made ready for one layer's layout. Keeps working arrays: for one thread at a time. */
@FunctionalInterface
public interface LayerDispatch {
    /**
     * The tokens that each GPU computes in a step.
     *
     * @param load receives them, {@code [gpus]}; what was in it is overwritten
     * @throws IllegalArgumentException if the step's source ranks are known and not as many as the layout's GPUs
     */
    void gpuLoad(LayerStep step, double[] load);
}
