package io.moeplan.eplb;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.stream.IntStream;

/**
 * What a planner has to fill: the slots of a topology with replicas of logical experts.
 *
 * @param topology     the GPUs and their slots
 * @param experts      logical experts per layer
 * @param groups       expert groups of the router (1 if it has none); a group is {@code experts / groups} neighbours
 * @param requirements what else a layout has to keep to
 */
public record PlanProblem(Topology topology, int experts, int groups, Requirements requirements) {
    /**
     * @throws ImpossiblePlanException if no layout could be one: an expert would find no slot or would need two on one
     *                                 GPU, a GPU would stay without any, groups do not fit onto nodes, or experts cannot
     *                                 outlive the losses asked for
     */
    public PlanProblem {
        requirePositive(experts, "experts");
        requirePositive(groups, "groups");
        if (experts % groups != 0) {
            throw new ImpossiblePlanException(experts + " experts do not divide into " + groups
                    + " groups: use --groups 1 or a divisor of " + experts);
        }
        ProblemCheck.require(topology, experts, groups, requirements);
    }

    /**
     * A problem with {@linkplain Requirements#usual the usual requirements}.
     *
     * @throws ImpossiblePlanException as the other constructor does
     */
    public PlanProblem(Topology topology, int experts, int groups) {
        this(topology, experts, groups, Requirements.usual(topology, groups));
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
                    + " slots do not divide by " + gpus + " GPUs: use --redundant " + neighbours(experts, gpus, slots)
                    + ", or --spare fill or empty");
        }
        return new PlanProblem(new Topology(nodes, gpus / nodes, (int) (slots / gpus)), experts, groups);
    }

    /**
     * A deployment with any number of replicas beyond one per expert: slots per GPU are rounded up.
     *
     * @param gpus      GPUs over all nodes, absent ones included
     * @param redundant slots beyond one per expert, over all present GPUs, per layer
     * @param spare     what the slots hold that rounding up adds
     * @param absent    GPUs that are not there
     * @throws ImpossiblePlanException if the GPUs do not divide over the nodes, or as the constructor does
     */
    public static PlanProblem withRedundant(int experts, int groups, int nodes, int gpus, int redundant,
            SpareSlots spare, Collection<Integer> absent) {
        requirePositive(experts, "experts");
        requireWholeNodes(nodes, gpus);
        if (redundant < 0) {
            throw new ImpossiblePlanException("--redundant " + redundant + " is negative: use 0 or more");
        }
        List<Integer> missing = absent.stream().sorted().distinct().toList();
        ProblemCheck.requireGpus(missing, gpus);
        int present = gpus - missing.size();
        long slots = (long) experts + redundant;
        long most = (long) experts * present;
        if (slots > most) {
            throw new ImpossiblePlanException(experts + " experts + " + redundant + " redundant = " + slots
                    + " slots would put two replicas of an expert on one GPU: use at most --redundant "
                    + (most - experts));
        }
        int slotsPerGpu = (int) ((slots + present - 1) / present);
        Topology topology = new Topology(nodes, gpus / nodes, slotsPerGpu);
        int rounded = (int) ((long) present * slotsPerGpu - slots);
        return new PlanProblem(topology, experts, groups, Requirements.usual(topology, groups).withAbsent(missing)
                .withEmpty(spare == SpareSlots.EMPTY ? rounded : 0));
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

    /**
     * The same problem with other requirements.
     *
     * @throws ImpossiblePlanException as the constructor does
     */
    public PlanProblem with(Requirements other) {
        return new PlanProblem(topology, experts, groups, other);
    }

    /**
     * The same problem with another number of slots on each GPU.
     *
     * @throws ImpossiblePlanException as the constructor does
     */
    public PlanProblem withSlotsPerGpu(int slots) {
        return new PlanProblem(topology.withSlotsPerGpu(slots), experts, groups, requirements);
    }

    /**
     * Does nothing if a trace is of as many experts.
     *
     * @throws IllegalArgumentException if the trace has another number of experts
     */
    public void requireExpertsOf(LoadTrace trace) {
        if (trace.experts() != experts) {
            throw new IllegalArgumentException(
                    "the trace has " + trace.experts() + " experts per layer, the problem " + experts);
        }
    }

    /** GPUs that are there. */
    public int presentGpus() {
        return topology.gpus() - requirements.absent().size();
    }

    public boolean present(int gpu) {
        return !requirements.absent().contains(gpu);
    }

    /** GPUs of a node that are there. */
    public int presentGpus(int node) {
        int first = node * topology.gpusPerNode();
        return (int) IntStream.range(first, first + topology.gpusPerNode()).filter(this::present).count();
    }

    /** Slots that hold a replica, per layer. */
    public int filledSlots() {
        return presentGpus() * topology.slotsPerGpu() - requirements.empty();
    }

    /** Filled slots beyond one per expert. */
    public int redundant() {
        return filledSlots() - experts;
    }

    /**
     * The slots to fill on each GPU, {@code [gpus]}: none on absent ones; slots that stay empty are spread over GPUs, and
     * over nodes first. Any other spread of the empty slots is as valid a layout.
     */
    public int[] capacity() {
        int[] capacity = new int[topology.gpus()];
        int filled = filledSlots();
        int base = filled / presentGpus();
        int oneMore = filled % presentGpus();
        for (int within = 0; within < topology.gpusPerNode(); within++) {
            for (int node = 0; node < topology.nodes(); node++) {
                int gpu = node * topology.gpusPerNode() + within;
                if (present(gpu)) {
                    capacity[gpu] = base + (oneMore-- > 0 ? 1 : 0);
                }
            }
        }
        return capacity;
    }

    /**
     * A map of all slots from the experts of those to fill.
     *
     * @param experts the experts of {@link #capacity}'s slots, GPU after GPU, {@code [filled slots]}
     * @return {@code [slots]}, -1 in empty ones
     */
    public int[] inSlots(int[] experts) {
        int[] map = new int[topology.slots()];
        Arrays.fill(map, Layout.EMPTY);
        int[] capacity = capacity();
        int next = 0;
        for (int gpu = 0; gpu < capacity.length; gpu++) {
            System.arraycopy(experts, next, map, gpu * topology.slotsPerGpu(), capacity[gpu]);
            next += capacity[gpu];
        }
        return map;
    }

    /** The fewest replicas that an expert may have: one, or more to outlive losses. */
    public int fewestReplicas() {
        return 1 + Math.max(requirements.lostGpus(), requirements.lostNodes());
    }

    /**
     * The most GPUs that can hold a replica of one and the same expert: all, or the slots that the other experts leave if
     * those have as few replicas as they may: {@code min(GPUs, 1 + redundant)} if that is one. Where groups are pinned, the
     * GPUs are those of the largest node.
     */
    public int mostReplicas() {
        int gpus = hierarchical()
                ? IntStream.range(0, topology.nodes()).map(this::presentGpus).max().orElseThrow()
                : presentGpus();
        return Math.min(gpus, filledSlots() - (experts - 1) * fewestReplicas());
    }

    /** Whether the experts of a group must share a node. */
    public boolean hierarchical() {
        return requirements.groups() == GroupPlacement.PINNED;
    }

    /** The group of an expert. */
    public int groupOf(int expert) {
        return expert / (experts / groups);
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
