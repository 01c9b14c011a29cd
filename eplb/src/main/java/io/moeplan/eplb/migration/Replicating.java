package io.moeplan.eplb.migration;

import io.moeplan.eplb.Layout;
import io.moeplan.eplb.PlanProblem;
import io.moeplan.eplb.Topology;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Gives every expert the replicas that it needs to outlive the losses a problem names, on GPUs (and nodes) of their own.
 */
final class Replicating {
    private Replicating() {}

    /**
     * Mends a layout in place with the changes that cost least balance, expert by expert, heaviest first; it may fail where
     * slots can only be found by longer chains of changes.
     */
    static MovableLayout mend(MovableLayout layout, int experts) {
        List<Integer> order = IntStream.range(0, experts).boxed()
                .sorted(Comparator.comparingDouble((Integer e) -> layout.weight(e)).reversed()).toList();
        for (int expert : order) {
            boolean better = true;
            while (better && !layout.survives(expert)) {
                Optional<MovableLayout.Change> change = bestFor(layout, expert);
                change.ifPresent(layout::apply);
                better = change.isPresent();
            }
        }
        return layout;
    }

    /** The cheapest change that brings an expert to one more GPU or node. */
    private static Optional<MovableLayout.Change> bestFor(MovableLayout layout, int expert) {
        MovableLayout.Change best = null;
        for (int slot = 0; slot < layout.slots(); slot++) {
            if (!layout.helps(expert, slot)) {
                continue;
            }
            Optional<MovableLayout.Change> change = layout.give(slot, expert);
            if (change.isPresent() && (best == null || change.get().gain() > best.gain())) {
                best = change.get();
            }
        }
        return Optional.ofNullable(best);
    }

    /**
     * A layout from nothing: every expert first gets the replicas that it needs, heaviest first, on the nodes and GPUs with
     * the most slots left (which finds a place for all of them whenever there is one, D. Gale and H. Ryser 1957), then the
     * slots left are filled with the largest shares.
     *
     * @param nodeOf the node of each group where groups are pinned, {@code [groups]}
     * @return {@code [slots]}; empty if there is no room
     */
    static Optional<int[]> fromNothing(PlanProblem problem, long[] totals, int[] nodeOf) {
        Topology topology = problem.topology();
        int[] map = new int[topology.slots()];
        Arrays.fill(map, Layout.EMPTY);
        int[] left = problem.capacity();
        int[] replicas = new int[problem.experts()];
        boolean[][] held = new boolean[topology.gpus()][problem.experts()];
        double[] load = new double[topology.gpus()];
        int copies = Math.max(problem.requirements().lostGpus(), problem.requirements().lostNodes()) + 1;
        int[] order = IntStream.range(0, problem.experts()).boxed()
                .sorted(Comparator.comparingLong((Integer e) -> totals[e]).reversed()).mapToInt(Integer::intValue)
                .toArray();
        for (int e : order) {
            boolean[] used = new boolean[topology.nodes()];
            for (int copy = 0; copy < copies; copy++) {
                boolean newNode = copy <= problem.requirements().lostNodes() && copy > 0;
                int gpu = roomiest(problem, e, left, load, held, newNode ? used : new boolean[used.length], nodeOf);
                if (gpu < 0) {
                    return Optional.empty();
                }
                used[topology.nodeOf(gpu)] = true;
                load[gpu] += (double) totals[e] / copies;
                put(topology, map, left, held, gpu, e);
                replicas[e]++;
            }
        }
        return fill(problem, totals, map, left, replicas, held, nodeOf) ? Optional.of(map) : Optional.empty();
    }

    private static void put(Topology topology, int[] map, int[] left, boolean[][] held, int gpu, int expert) {
        int slot = gpu * topology.slotsPerGpu();
        while (map[slot] != Layout.EMPTY) {
            slot++;
        }
        map[slot] = expert;
        left[gpu]--;
        held[gpu][expert] = true;
    }

    /** A GPU of the node with the most slots left, there the one with the most, then the least loaded; -1 if none. */
    private static int roomiest(PlanProblem problem, int expert, int[] left, double[] load, boolean[][] held,
            boolean[] exclude, int[] nodeOf) {
        Topology topology = problem.topology();
        boolean byNode = problem.requirements().lostNodes() > 0;
        int[] nodeLeft = new int[topology.nodes()];
        for (int gpu = 0; gpu < left.length; gpu++) {
            nodeLeft[topology.nodeOf(gpu)] += left[gpu];
        }
        int best = -1;
        double[] bestKey = null;
        for (int gpu = 0; gpu < left.length; gpu++) {
            int node = topology.nodeOf(gpu);
            boolean elsewhere = problem.hierarchical() && nodeOf[problem.groupOf(expert)] != node;
            if (left[gpu] == 0 || held[gpu][expert] || exclude[node] || elsewhere) {
                continue;
            }
            double[] key = {byNode ? -nodeLeft[node] : 0, -left[gpu], load[gpu]};
            if (bestKey == null || Arrays.compare(key, bestKey) < 0) {
                best = gpu;
                bestKey = key;
            }
        }
        return best;
    }

    private static boolean fill(PlanProblem problem, long[] totals, int[] map, int[] left, int[] replicas,
            boolean[][] held, int[] nodeOf) {
        Topology topology = problem.topology();
        for (int gpu = 0; gpu < left.length; gpu++) {
            while (left[gpu] > 0) {
                int best = -1;
                for (int e = 0; e < replicas.length; e++) {
                    boolean elsewhere = problem.hierarchical() && nodeOf[problem.groupOf(e)] != topology.nodeOf(gpu);
                    if (!held[gpu][e] && !elsewhere && (best < 0
                            || (double) totals[e] / replicas[e] > (double) totals[best] / replicas[best])) {
                        best = e;
                    }
                }
                if (best < 0) {
                    return false;
                }
                put(topology, map, left, held, gpu, best);
                replicas[best]++;
            }
        }
        return true;
    }
}
