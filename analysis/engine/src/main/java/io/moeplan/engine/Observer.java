package io.moeplan.engine;

/** Looks at values that routing alone does not need; with an observer the engine computes every layer to its end. */
public interface Observer {
    /**
     * One token's residual stream before layer {@code layer}, or after the final norm if that is the number of layers.
     *
     * @param request index in the run's list
     * @param values  {@code [hidden]}, valid during the call
     */
    void hidden(int layer, int request, int position, float[] values);

    /**
     * One token's logits.
     *
     * @param request index in the run's list
     * @param values  {@code [vocabulary]}, valid during the call
     */
    void logits(int request, int position, float[] values);
}
