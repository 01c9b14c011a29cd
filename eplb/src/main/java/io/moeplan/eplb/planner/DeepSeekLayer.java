package io.moeplan.eplb.planner;

import java.util.Arrays;

/**
 * One layer of {@code rebalance_experts_hierarchical}: the three steps and their scratch space, reused over layers. One
 * thread.
 */
final class DeepSeekLayer {
    private final int nodes;
    private final int groups;
    private final int groupSize;
    private final int nodeExperts;
    private final int nodeSlots;
    private final int nodeGpus;
    private final int slotsPerGpu;

    /** The expert at each place once whole groups have been sorted by node, {@code [experts]}. */
    private final int[] placed;
    private final float[] groupLoad;
    /** Loads of one node's experts, and their replicas so far, {@code [experts / nodes]}. */
    private final float[] load;
    private final int[] count;
    /** The expert (within its node) and the replica number of each of a node's slots before packing. */
    private final int[] slotExpert;
    private final int[] slotReplica;
    private final float[] slotLoad;

    private final int[] pack;
    private final int[] rank;
    private final long[] order;
    private final LongHeap heap;
    private final float[] packLoad;
    private final int[] packItems;

    DeepSeekLayer(int experts, int slots, int groups, int nodes, int gpus) {
        require(experts > 0 && experts % groups == 0, experts + " experts do not divide into " + groups + " groups");
        require(gpus % nodes == 0, gpus + " GPUs do not divide over " + nodes + " nodes");
        require(slots % gpus == 0, slots + " slots do not divide over " + gpus + " GPUs");
        require(slots >= experts, slots + " slots do not hold " + experts + " experts");
        this.nodes = nodes;
        this.groups = groups;
        this.groupSize = experts / groups;
        this.nodeExperts = experts / nodes;
        this.nodeSlots = slots / nodes;
        this.nodeGpus = gpus / nodes;
        this.slotsPerGpu = slots / gpus;
        placed = new int[experts];
        groupLoad = new float[groups];
        load = new float[nodeExperts];
        count = new int[nodeExperts];
        slotExpert = new int[nodeSlots];
        slotReplica = new int[nodeSlots];
        slotLoad = new float[nodeSlots];
        int items = Math.max(groups, nodeSlots);
        pack = new int[items];
        rank = new int[items];
        order = new long[items];
        heap = new LongHeap(Math.max(items, nodes));
        packLoad = new float[Math.max(nodes, nodeGpus)];
        packItems = new int[Math.max(nodes, nodeGpus)];
    }

    /**
     * @param weight  tokens of each expert, {@code [experts]}
     * @param map     receives the expert of each slot, {@code [slots]}
     * @param replica receives which replica of its expert each slot holds, {@code [slots]}; null if not wanted
     */
    void rebalance(float[] weight, int[] map, int[] replica) {
        check(weight);
        packGroupsOntoNodes(weight);
        for (int node = 0; node < nodes; node++) {
            for (int e = 0; e < nodeExperts; e++) {
                // + 0f: a negative zero would sort apart from zero
                load[e] = weight[placed[node * nodeExperts + e]] + 0f;
            }
            replicate();
            for (int s = 0; s < nodeSlots; s++) {
                slotLoad[s] = load[slotExpert[s]] / count[slotExpert[s]];
            }
            balancedPacking(slotLoad, nodeSlots, nodeGpus);
            if (replica != null && slotsPerGpu > 1) {
                numberAsReference();
            }
            for (int s = 0; s < nodeSlots; s++) {
                int slot = node * nodeSlots + pack[s] * slotsPerGpu + rank[s];
                map[slot] = placed[node * nodeExperts + slotExpert[s]];
                if (replica != null) {
                    replica[slot] = slotReplica[s];
                }
            }
        }
    }

    /** Step 1: pack groups onto nodes. */
    private void packGroupsOntoNodes(float[] weight) {
        for (int group = 0; group < groups; group++) {
            double sum = 0;
            for (int e = 0; e < groupSize; e++) {
                sum += weight[group * groupSize + e];
            }
            groupLoad[group] = (float) sum;
        }
        balancedPacking(groupLoad, groups, nodes);
        for (int group = 0; group < groups; group++) {
            int first = (pack[group] * (groups / nodes) + rank[group]) * groupSize;
            for (int e = 0; e < groupSize; e++) {
                placed[first + e] = group * groupSize + e;
            }
        }
    }

    /** Step 2: every expert once, then another replica of the one with the largest load per replica, until full. */
    private void replicate() {
        heap.clear();
        for (int e = 0; e < nodeExperts; e++) {
            slotExpert[e] = e;
            slotReplica[e] = 0;
            count[e] = 1;
            heap.add(LongHeap.descending(load[e], e));
        }
        for (int s = nodeExperts; s < nodeSlots; s++) {
            int e = LongHeap.index(heap.least());
            slotExpert[s] = e;
            slotReplica[s] = count[e]++;
            heap.replaceLeast(LongHeap.descending(load[e] / count[e], e));
        }
    }

    /**
     * Numbers each expert's replicas as the reference does. They are equally loaded, so where they land depends on how its
     * sort leaves equal values, which is not by index; the expert in each slot does not depend on it.
     */
    private void numberAsReference() {
        int[] sorted = ReferenceSort.descending(slotLoad, nodeSlots);
        int[][] numbers = new int[nodeExperts][];
        int[] seen = new int[nodeExperts];
        for (int s : sorted) {
            int e = slotExpert[s];
            if (numbers[e] == null) {
                numbers[e] = new int[count[e]];
            }
            numbers[e][seen[e]++] = slotReplica[s];
        }
        Arrays.fill(seen, 0);
        for (int i = 0; i < nodeSlots; i++) {
            int s = LongHeap.index(order[i]);
            slotReplica[s] = numbers[slotExpert[s]][seen[slotExpert[s]]++];
        }
    }

    /**
     * Packs {@code items} weights into {@code packs} of equal size: heaviest item first, each into the least loaded pack
     * that still has room. Results in {@link #pack} and {@link #rank}.
     */
    private void balancedPacking(float[] weight, int items, int packs) {
        int room = items / packs;
        if (room == 1) {
            for (int i = 0; i < items; i++) {
                pack[i] = i;
                rank[i] = 0;
            }
            return;
        }
        for (int i = 0; i < items; i++) {
            order[i] = LongHeap.descending(weight[i], i);
        }
        Arrays.sort(order, 0, items);
        heap.clear();
        for (int p = 0; p < packs; p++) {
            packLoad[p] = 0;
            packItems[p] = 0;
            heap.add(LongHeap.ascending(0, p));
        }
        for (int i = 0; i < items; i++) {
            int item = LongHeap.index(order[i]);
            int p = LongHeap.index(heap.least());
            pack[item] = p;
            rank[item] = packItems[p]++;
            packLoad[p] += weight[item];
            if (packItems[p] == room) {
                heap.removeLeast();
            } else {
                heap.replaceLeast(LongHeap.ascending(packLoad[p], p));
            }
        }
    }

    private void check(float[] weight) {
        if (weight.length != placed.length) {
            throw new IllegalArgumentException(
                    "a layer has " + weight.length + " experts, another " + placed.length);
        }
        for (float w : weight) {
            if (!(w >= 0 && w < Float.POSITIVE_INFINITY)) {
                throw new IllegalArgumentException("an expert's load is " + w + ": loads are finite and not negative");
            }
        }
    }

    private static void require(boolean met, String otherwise) {
        if (!met) {
            throw new IllegalArgumentException(otherwise);
        }
    }
}
