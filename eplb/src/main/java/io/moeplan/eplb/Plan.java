package io.moeplan.eplb;

import java.util.List;

/**
 * A layout for every MoE layer of a model: what a plan file holds.
 *
 * @param algorithm the planner's name, e.g. {@code deepseek}
 * @param objective what it minimised, e.g. {@code mean}: the fullest GPU under the window mean. Where that is not what was
 *                  asked for, with the reason in brackets
 * @param requirements what else the layouts keep to
 * @param dispatch  the name of the dispatch rule it was planned for
 */
public record Plan(Model model, Recording recording, Topology topology, String algorithm, String objective,
        List<LayerPlan> layers, Requirements requirements, String dispatch) {
    /** The name of the rule that splits an expert's tokens evenly over its replicas. */
    public static final String EVEN_SPLIT = "even";

    /** A plan for the even split. */
    public Plan(Model model, Recording recording, Topology topology, String algorithm, String objective,
            List<LayerPlan> layers, Requirements requirements) {
        this(model, recording, topology, algorithm, objective, layers, requirements, EVEN_SPLIT);
    }

    /** A plan with {@linkplain Requirements#usual the usual requirements}. */
    public Plan(Model model, Recording recording, Topology topology, String algorithm, String objective,
            List<LayerPlan> layers) {
        this(model, recording, topology, algorithm, objective, layers, Requirements.usual(topology, model.groups()));
    }

    /** The same plan with other layers. */
    public Plan withLayers(List<LayerPlan> other) {
        return new Plan(model, recording, topology, algorithm, objective, List.copyOf(other), requirements,
                dispatch);
    }

    /** The same plan for another dispatch rule. */
    public Plan withDispatch(String rule) {
        return new Plan(model, recording, topology, algorithm, objective, layers, requirements, rule);
    }

    /** The topology as one layer has it, which may have its own number of slots per GPU. */
    public Topology topology(LayerPlan layer) {
        int slots = layer.physicalToLogical().length;
        // A map that does not divide over the GPUs fits no topology: that of the plan lets checks say so.
        return slots % topology.gpus() == 0 && slots > 0
                ? topology.withSlotsPerGpu(slots / topology.gpus())
                : topology;
    }

    /**
     * What one layer's layout has to solve.
     *
     * @throws ImpossiblePlanException if nothing could
     */
    public PlanProblem problem(LayerPlan layer) {
        return new PlanProblem(topology(layer), model.experts(), model.groups(), requirements);
    }

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
