package io.moeplan.eplb;

import java.util.List;

/**
 * A layout for every MoE layer of a model: what a plan file holds.
 *
 * @param algorithm the planner's name, e.g. {@code deepseek}
 * @param objective what it minimised, e.g. {@code mean}: the fullest GPU under the window mean
 */
public record Plan(Model model, Recording recording, Topology topology, String algorithm, String objective,
        List<LayerPlan> layers) {
    /**
     * The model planned for.
     *
     * @param name    the checkpoint's directory name
     * @param type    the {@code model_type} of its config
     * @param experts logical experts per MoE layer
     * @param topK    experts per token
     * @param groups  expert groups (1 if the router has none)
     */
    public record Model(String name, String type, int experts, int topK, int groups) {}

    /**
     * The recording planned on.
     *
     * @param digest the recording's workload digest
     * @param steps  steps planned on
     * @param tokens tokens in them
     */
    public record Recording(String digest, int steps, long tokens) {}
}
