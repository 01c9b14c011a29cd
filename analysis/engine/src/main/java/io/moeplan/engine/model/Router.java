package io.moeplan.engine.model;

/**
 * How tokens choose experts.
 *
 * @param experts   logical experts
 * @param topK      experts a token goes to
 * @param normalise whether the chosen weights are divided by their sum plus {@code epsilon}
 * @param scale     what the weights are multiplied with at the end
 */
public record Router(int experts, int topK, Score score, boolean normalise, double epsilon, double scale) {
    /** What turns router logits into weights; the highest are chosen. */
    public enum Score {
        /** Softmax over all experts. */
        SOFTMAX,
        /** Each expert's own sigmoid. */
        SIGMOID,
        /** Softmax over the chosen experts only. */
        SOFTMAX_OF_CHOSEN
    }
}
