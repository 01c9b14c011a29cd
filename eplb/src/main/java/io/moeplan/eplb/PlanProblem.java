package io.moeplan.eplb;

import java.util.ArrayList;
import java.util.List;

/**
 * What a planner has to fill: the slots of a topology with replicas of logical experts.
 *
 * @param topology the GPUs and their slots
 * @param experts  logical experts per layer
 * @param groups   expert groups of the router (1 if it has none); a group is {@code experts / groups} neighbours
 */
public record PlanProblem(Topology topology, int experts, int groups) {
    /**
     * @throws ImpossiblePlanException if an expert would find no slot or would need two on one GPU, or if the experts do
     *                                 not divide into the groups
     */
    public PlanProblem {
        requirePositive(experts, "experts");
        requirePositive(groups, "groups");
        if (experts % groups != 0) {
            throw new ImpossiblePlanException(experts + " experts do not divide into " + groups
                    + " groups: use --groups 1 or a divisor of " + experts);
        }
        if (topology.slots() < experts) {
            int needed = (experts + topology.gpus() - 1) / topology.gpus();
            throw new ImpossiblePlanException(topology.gpus() + " GPUs x " + topology.slotsPerGpu() + " slots = "
                    + topology.slots() + " slots do not hold " + experts + " experts: use --slots-per-gpu " + needed
                    + " or more");
        }
        if (topology.slotsPerGpu() > experts) {
            throw new ImpossiblePlanException(topology.slotsPerGpu() + " slots per GPU for " + experts
                    + " experts would put two replicas of an expert on one GPU: use at most --slots-per-gpu " + experts
                    + " (--redundant " + (long) experts * (topology.gpus() - 1) + ")");
        }
    }

    /**
     * A deployment with a number of replicas beyond one per expert.
     *
     * @param gpus      GPUs over all nodes
     * @param redundant slots beyond one per expert, over all GPUs, per layer
     * @throws ImpossiblePlanException if the GPUs do not divide over the nodes, the slots not over the GPUs, or as the
     *                                 constructor does
     */
    public static PlanProblem withRedundant(int experts, int groups, int nodes, int gpus, int redundant) {
        requirePositive(experts, "experts");
        requireWholeNodes(nodes, gpus);
        if (redundant < 0) {
            throw new ImpossiblePlanException("--redundant " + redundant + " is negative: use 0 or more");
        }
        long slots = (long) experts + redundant;
        long most = (long) experts * gpus;
        if (slots > most) {
            throw new ImpossiblePlanException(experts + " experts + " + redundant + " redundant = " + slots
                    + " slots would put two replicas of an expert on one GPU: use at most --redundant "
                    + (most - experts));
        }
        if (slots % gpus != 0) {
            throw new ImpossiblePlanException(experts + " experts + " + redundant + " redundant = " + slots
                    + " slots do not divide by " + gpus + " GPUs: use --redundant " + neighbours(experts, gpus, slots));
        }
        return new PlanProblem(new Topology(nodes, gpus / nodes, (int) (slots / gpus)), experts, groups);
    }

    /**
     * A deployment with a number of slots on each GPU.
     *
     * @param gpus        GPUs over all nodes
     * @param slotsPerGpu physical experts on each GPU, per layer
     * @throws ImpossiblePlanException if the GPUs do not divide over the nodes, or as the constructor does
     */
    public static PlanProblem withSlotsPerGpu(int experts, int groups, int nodes, int gpus, int slotsPerGpu) {
        requireWholeNodes(nodes, gpus);
        requirePositive(slotsPerGpu, "slots per GPU");
        if ((long) gpus * slotsPerGpu > Integer.MAX_VALUE) {
            throw new ImpossiblePlanException(gpus + " GPUs x " + slotsPerGpu + " slots are more than can be numbered");
        }
        return new PlanProblem(new Topology(nodes, gpus / nodes, slotsPerGpu), experts, groups);
    }

    /** Slots beyond one per expert. */
    public int redundant() {
        return topology.slots() - experts;
    }

    /** The most GPUs that can hold a replica of one and the same expert: {@code min(GPUs, 1 + redundant)}. */
    public int mostReplicas() {
        return Math.min(topology.gpus(), 1 + redundant());
    }

    /** Whether whole groups fit onto nodes, so that DeepSeek's planner pins groups to nodes. */
    public boolean hierarchical() {
        return groups % topology.nodes() == 0;
    }

    private static void requirePositive(int value, String what) {
        if (value < 1) {
            throw new ImpossiblePlanException("a plan needs at least 1 of its " + what + ", got " + value);
        }
    }

    private static void requireWholeNodes(int nodes, int gpus) {
        requirePositive(nodes, "nodes");
        requirePositive(gpus, "GPUs");
        if (gpus % nodes != 0) {
            int below = gpus / nodes * nodes;
            throw new ImpossiblePlanException(gpus + " GPUs (--gpus counts those of all nodes) do not divide over "
                    + nodes + " nodes: use --gpus " + (below > 0 ? below + " or " : "") + (below + nodes));
        }
    }

    /** The possible numbers of redundant experts next to the one asked for. */
    private static String neighbours(int experts, int gpus, long slots) {
        long below = slots / gpus * gpus;
        List<String> possible = new ArrayList<>();
        for (long candidate : new long[]{below, below + gpus}) {
            if (candidate >= experts && candidate <= (long) experts * gpus) {
                possible.add(Long.toString(candidate - experts));
            }
        }
        return String.join(" or ", possible);
    }
}
