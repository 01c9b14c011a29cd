package io.moeplan.recording.imports;

import io.moeplan.eplb.Phase;
import io.moeplan.recording.Absent;
import io.moeplan.recording.Mode;
import java.io.IOException;
import java.util.Set;

/** Counts of experts over time. */
non-sealed interface StepSource extends LoadSource {
    /**
     * What is known before the first step.
     *
     * @param mode         what a step is
     * @param layerNumbers the model's number of each layer, ascending, {@code [layers]}
     * @param hiddenLayers decoder layers of the model, 0 if the source does not say
     * @param experts      logical experts per layer
     * @param topK         experts per token, 0 if the source does not say
     * @param dropsIdle    whether layers without any count are no MoE layers, and steps without any no steps
     * @param absent       what the source does not tell, but for tokens and top-k
     */
    record Shape(Mode mode, int[] layerNumbers, int hiddenLayers, int experts, int topK, boolean dropsIdle,
            Set<Absent> absent) {}

    /** Takes the steps. */
    @FunctionalInterface
    interface Visitor {
        /**
         * A step.
         *
         * @param id     ascending
         * @param tokens tokens in it, -1 if the source does not say
         * @param counts tokens routed, {@code [layers * experts]} row-major, none below 0; the visitor does not keep it
         * @param done   share of the source that was read
         */
        void step(long id, Phase phase, long tokens, long[] counts, double done) throws IOException;
    }

    Shape shape();

    /**
     * Feeds all steps in order; may be called again.
     *
     * @throws IOException if the source is damaged
     */
    void forEachStep(Visitor visitor) throws IOException;
}
