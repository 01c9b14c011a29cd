package io.moeplan.eplb;

import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * How empty the fullest GPU can be at best where all experts of a group share a node.
 *
 * <p>A node that holds a set of groups has some GPU with at least {@code max(load / GPUs, hottest expert / replicas it can
 * have, smallest possible largest slot)}, the terms of {@link Bound} for that node alone. This grows with the set, so
 * putting the groups onto nodes one after another, heaviest first, and turning back as soon as a node's figure reaches the
 * best found (branch and bound) finds the least fullest node over all ways. Where that would take too long, a weaker bound
 * stands in: of the {@code kN + 1} heaviest groups, {@code k + 1} share one of {@code N} nodes.
 */
final class PinnedGroups {
    /** Enough for 8 groups on any number of nodes, and a few ms. */
    private static final int MOST_TRIALS = 10_000;
    /** A way this little above the floor ends the search: no more could be learnt than that. */
    private static final double CLOSE = 1.0001;

    private final int groups;
    private final int groupSize;
    private final int slotsPerGpu;
    private final int fewestReplicas;
    /** Present GPUs of each node that has any, descending, {@code [nodes]}. */
    private final int[] nodeGpus;
    private final long[] totals;
    /** Group numbers, heaviest first. */
    private final int[] order;
    private final long[] groupLoad;
    /** The node's figure for a set of groups, by the number of its GPUs and the set's bits. */
    private final Map<Long, Double> figures = new HashMap<>();
    private double best = Double.MAX_VALUE;
    private int trials;

    PinnedGroups(PlanProblem problem, long[] totals) {
        this.groups = problem.groups();
        this.groupSize = problem.experts() / groups;
        this.slotsPerGpu = problem.topology().slotsPerGpu();
        this.fewestReplicas = problem.fewestReplicas();
        this.totals = totals;
        this.nodeGpus = IntStream.range(0, problem.topology().nodes()).map(problem::presentGpus).filter(n -> n > 0)
                .boxed().sorted(Comparator.reverseOrder()).mapToInt(Integer::intValue).toArray();
        this.groupLoad = new long[groups];
        for (int e = 0; e < totals.length; e++) {
            groupLoad[problem.groupOf(e)] += totals[e];
        }
        this.order = IntStream.range(0, groups).boxed()
                .sorted(Comparator.comparingLong((Integer group) -> groupLoad[group]).reversed())
                .mapToInt(Integer::intValue).toArray();
    }

    /**
     * A lower bound on the tokens of the fullest GPU.
     *
     * @param floor what is known already; nothing smaller is looked for
     */
    double fullestGpu(double floor) {
        // The bits of a long hold the sets; models have 8 groups or so.
        if (groups <= 56) {
            place(0, new long[nodeGpus.length], 0, floor);
        }
        if (groups > 56 || trials > MOST_TRIALS) {
            return Math.max(floor, sharedNode());
        }
        return best <= floor * CLOSE ? floor : best;
    }

    /**
     * Puts the group at {@code next} of {@link #order} onto every node, the emptiest first; {@code sets} has those of each
     * node.
     */
    private void place(int next, long[] sets, double fullest, double floor) {
        if (next == groups) {
            best = fullest;
            return;
        }
        long group = 1L << order[next];
        double[] load = IntStream.range(0, sets.length).mapToDouble(node -> (double) load(sets[node]) / nodeGpus[node])
                .toArray();
        int[] emptiestFirst = IntStream.range(0, sets.length).boxed()
                .sorted(Comparator.comparingDouble(node -> load[node])).mapToInt(Integer::intValue).toArray();
        for (int node : emptiestFirst) {
            boolean full = (Long.bitCount(sets[node]) + 1) * groupSize * fewestReplicas > nodeGpus[node] * slotsPerGpu;
            if (full || asAnEarlierOne(sets, node)) {
                continue;
            }
            if (best <= floor * CLOSE || ++trials > MOST_TRIALS) {
                return;
            }
            if (load[node] + (double) groupLoad[order[next]] / nodeGpus[node] >= best * (1 + 1e-12)) {
                continue;
            }
            double figure = Math.max(fullest, figure(nodeGpus[node], sets[node] | group));
            if (figure < best) {
                sets[node] |= group;
                place(next + 1, sets, figure, floor);
                sets[node] &= ~group;
            }
        }
    }

    /** Whether a node before this one is as large and holds the same (that is nothing), so that it is the same choice. */
    private boolean asAnEarlierOne(long[] sets, int node) {
        return node > 0 && sets[node] == 0 && sets[node - 1] == 0 && nodeGpus[node] == nodeGpus[node - 1];
    }

    private double figure(int gpus, long set) {
        return figures.computeIfAbsent(((long) gpus << 56) ^ set, key -> newFigure(gpus, set));
    }

    private double newFigure(int gpus, long set) {
        long load = load(set);
        if (load == 0) {
            return 0;
        }
        double even = (double) load / gpus;
        int experts = Long.bitCount(set) * groupSize;
        int spare = gpus * slotsPerGpu - experts * fewestReplicas;
        long hottest = 0;
        long slotsForEven = 0;
        long[] loads = new long[experts];
        int next = 0;
        for (int e = 0; e < totals.length; e++) {
            if (((set >> (e / groupSize)) & 1) != 0) {
                loads[next++] = totals[e];
                hottest = Math.max(hottest, totals[e]);
                slotsForEven += Math.max(fewestReplicas, (long) Math.ceil(totals[e] / even));
            }
        }
        double figure = Math.max(even, (double) hottest / Math.min(gpus, fewestReplicas + spare));
        // Greedy replication is slow, and need not be tried where slots suffice to bring each under the even load.
        boolean slotsSuffice = slotsForEven <= (long) gpus * slotsPerGpu;
        return slotsSuffice ? figure : Math.max(figure, Bound.largestSlot(loads, fewestReplicas, spare));
    }

    private long load(long set) {
        long load = 0;
        for (int group = 0; group < groups; group++) {
            load += ((set >> group) & 1) == 0 ? 0 : groupLoad[group];
        }
        return load;
    }

    private double sharedNode() {
        double most = 0;
        for (int k = 0; k * nodeGpus.length < groups; k++) {
            long load = 0;
            for (int i = 0; i <= k; i++) {
                load += groupLoad[order[k * nodeGpus.length - i]];
            }
            most = Math.max(most, (double) load / nodeGpus[0]);
        }
        return most;
    }
}
