package io.moeplan.cli;

import io.moeplan.eplb.GroupPlacement;
import io.moeplan.eplb.PlanProblem;
import io.moeplan.eplb.Requirements;
import io.moeplan.eplb.SpareSlots;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Option;

/** The deployment to plan for. */
final class DeploymentOptions {
    @Option(names = "--nodes", paramLabel = "N", converter = AtLeastOne.class, defaultValue = "1",
            description = "Nodes. Default: ${DEFAULT-VALUE}.")
    private int nodes;

    @Option(names = "--gpus", paramLabel = "G", required = true, converter = AtLeastOne.class,
            description = "GPUs over all nodes (the EP size).")
    private int gpus;

    @ArgGroup
    private Slots slots = new Slots();

    @Option(names = "--spare", paramLabel = "WHAT",
            description = "Where experts and replicas do not divide by the GPUs,"
                    + " fill the slots that are left with further replicas, or leave them empty. Default: refuse.")
    private SpareSlots spare;

    @Option(names = "--absent", paramLabel = "GPU", split = ",", description = "GPUs that are not there, e.g. 3,17.")
    private List<Integer> absent = new ArrayList<>();

    @Option(names = "--groups", paramLabel = "N", converter = AtLeastOne.class,
            description = "Expert groups to keep on a node each, as a router with"
                    + " group-limited top-k wants it; 1 lets every expert lie anywhere. Default: the model's.")
    private Integer groups;

    @Option(names = "--free-groups", description = "Do not keep the experts of a group on one node.")
    private boolean freeGroups;

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
        PlanProblem problem = slots(experts, groups == null ? modelGroups : groups);
        return freeGroups ? problem.with(problem.requirements().withGroups(GroupPlacement.FREE)) : problem;
    }

    private PlanProblem slots(int experts, int wantedGroups) {
        if (slots.slotsPerGpu != null) {
            PlanProblem problem = PlanProblem.withSlotsPerGpu(experts, wantedGroups, nodes, gpus, slots.slotsPerGpu);
            Requirements requirements = problem.requirements();
            return absent.isEmpty() ? problem : problem.with(requirements.withAbsent(absent));
        }
        int redundant = slots.redundant == null ? 0 : slots.redundant;
        if (spare == null && absent.isEmpty()) {
            return PlanProblem.withRedundant(experts, wantedGroups, nodes, gpus, redundant);
        }
        return PlanProblem.withRedundant(experts, wantedGroups, nodes, gpus, redundant,
                spare == null ? SpareSlots.FILL : spare, absent);
    }
}
