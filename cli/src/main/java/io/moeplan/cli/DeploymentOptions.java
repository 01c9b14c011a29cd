package io.moeplan.cli;

import io.moeplan.eplb.PlanProblem;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Option;

/** The deployment to plan for. */
final class DeploymentOptions {
    @Option(names = "--nodes", paramLabel = "N", defaultValue = "1", description = "Nodes. Default: ${DEFAULT-VALUE}.")
    private int nodes;

    @Option(names = "--gpus", paramLabel = "G", required = true, description = "GPUs over all nodes (the EP size).")
    private int gpus;

    @ArgGroup
    private Slots slots = new Slots();

    @Option(names = "--groups", paramLabel = "N", description = "Expert groups to keep on a node each, as a router with"
            + " group-limited top-k wants it. Default: the model's.")
    private Integer groups;

    private static final class Slots {
        @Option(names = "--redundant", paramLabel = "R",
                description = "Replicas beyond one per expert, over all GPUs, per layer. Default: 0.")
        private Integer redundant;

        @Option(names = "--slots-per-gpu", paramLabel = "S", description = "Experts that a GPU holds, per layer.")
        private Integer slotsPerGpu;
    }

    /**
     * The problem these options state for a model.
     *
     * @param experts     logical experts per layer
     * @param modelGroups the router's expert groups, 1 if it has none
     * @throws io.moeplan.eplb.ImpossiblePlanException if it cannot be solved
     */
    PlanProblem problem(int experts, int modelGroups) {
        int wanted = groups == null ? modelGroups : groups;
        if (slots.slotsPerGpu != null) {
            return PlanProblem.withSlotsPerGpu(experts, wanted, nodes, gpus, slots.slotsPerGpu);
        }
        return PlanProblem.withRedundant(experts, wanted, nodes, gpus, slots.redundant == null ? 0 : slots.redundant);
    }
}
