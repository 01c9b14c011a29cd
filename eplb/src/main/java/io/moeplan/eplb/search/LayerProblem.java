package io.moeplan.eplb.search;

import java.util.Arrays;

/**
 * What one layer's search has to fill, and the rules it keeps. On every GPU an expert lies at most once.
 *
 * @param experts     logical experts
 * @param capacity    slots of each GPU, {@code [gpus]}; 0 for a GPU that is absent. Slots are numbered GPU-major
 * @param node        the node of each GPU, {@code [gpus]}, from 0
 * @param groups      expert groups pinned to nodes: group {@code g} is {@code experts / groups} neighbours, every node holds
 *                    {@code groups / nodes} whole groups; 1 if experts may lie anywhere
 * @param minReplicas the fewest replicas of each expert, {@code [experts]}, 1 or more
 * @param acrossNodes whether each expert's {@code minReplicas} must lie on that many different nodes
 * @param mayBeEmpty  whether slots may be left empty although another replica would fit
 * @param affinity    draws experts together, or {@link Affinity#NONE}
 * @param start       the current layout, the expert in each slot or -1, {@code [slots]}; null if there is none
 * @param maxMoves    the most replicas that may lie on a GPU which does not hold the expert in {@code start}
 */
public record LayerProblem(int experts, int[] capacity, int[] node, int groups, int[] minReplicas, boolean acrossNodes,
        boolean mayBeEmpty, Affinity affinity, int[] start, int maxMoves) {
    /** @throws IllegalArgumentException if the arrays do not fit each other or no layout can keep the rules */
    public LayerProblem {
        require(experts > 0 && minReplicas.length == experts, "a layer needs experts, each with a fewest of replicas");
        require(capacity.length > 0 && node.length == capacity.length, "every GPU needs a capacity and a node");
        require(start == null || start.length == Arrays.stream(capacity).sum(),
                "the current layout has another number of slots than the GPUs");
        int nodes = Arrays.stream(node).max().orElseThrow() + 1;
        require(groups == 1 || (groups % nodes == 0 && experts % groups == 0),
                groups + " groups of " + experts + " experts do not divide over " + nodes + " nodes");
        require(start == null || maxMoves >= 0, "the most moves must not be negative");
    }

    /** A layer in which every expert may lie anywhere, on GPUs alike. */
    public static LayerProblem of(int experts, int nodes, int gpusPerNode, int slotsPerGpu) {
        int[] capacity = new int[nodes * gpusPerNode];
        int[] node = new int[capacity.length];
        Arrays.fill(capacity, slotsPerGpu);
        Arrays.setAll(node, gpu -> gpu / gpusPerNode);
        int[] least = new int[experts];
        Arrays.fill(least, 1);
        return new LayerProblem(experts, capacity, node, 1, least, false, false, Affinity.NONE, null, 0);
    }

    /** The same with groups pinned to nodes (1: free). */
    public LayerProblem withGroups(int pinned) {
        return new LayerProblem(experts, capacity, node, pinned, minReplicas, acrossNodes, mayBeEmpty, affinity, start,
                maxMoves);
    }

    /** The same with other slots on each GPU, {@code [gpus]}. */
    public LayerProblem withCapacity(int[] slots) {
        return new LayerProblem(experts, slots, node, groups, minReplicas, acrossNodes, mayBeEmpty, affinity, start,
                maxMoves);
    }

    /** The same with a fewest number of replicas for every expert, on as many different nodes if so wanted. */
    public LayerProblem withReplicas(int fewest, boolean onDifferentNodes) {
        int[] least = new int[experts];
        Arrays.fill(least, fewest);
        return new LayerProblem(experts, capacity, node, groups, least, onDifferentNodes, mayBeEmpty, affinity, start,
                maxMoves);
    }

    /** The same with experts drawn together. */
    public LayerProblem withAffinity(Affinity drawn) {
        return new LayerProblem(experts, capacity, node, groups, minReplicas, acrossNodes, mayBeEmpty, drawn, start,
                maxMoves);
    }

    /** The same with a current layout and the most replicas that may move away from it. */
    public LayerProblem withStart(int[] current, int moves) {
        return new LayerProblem(experts, capacity, node, groups, minReplicas, acrossNodes, mayBeEmpty, affinity,
                current,
                moves);
    }

    /** The same with slots that may, or may not, be left empty. */
    public LayerProblem withEmpty(boolean allowed) {
        return new LayerProblem(experts, capacity, node, groups, minReplicas, acrossNodes, allowed, affinity, start,
                maxMoves);
    }

    /** GPUs over all nodes, absent ones too. */
    public int gpus() {
        return capacity.length;
    }

    int nodes() {
        return Arrays.stream(node).max().orElseThrow() + 1;
    }

    boolean pinned() {
        return groups > 1 && nodes() > 1;
    }

    int groupOf(int expert) {
        return expert / (experts / groups);
    }

    private static void require(boolean met, String otherwise) {
        if (!met) {
            throw new IllegalArgumentException(otherwise);
        }
    }
}
