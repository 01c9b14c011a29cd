package io.moeplan.eplb.migration;

import io.moeplan.eplb.LayerPlan;
import io.moeplan.eplb.Layout;
import io.moeplan.eplb.Plan;
import io.moeplan.eplb.PlanProblem;
import io.moeplan.eplb.Topology;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Renames the GPUs of a new plan so that as many experts as possible stay where they are. GPUs are alike, so that the
 * balance does not change. Where groups are pinned to nodes, or nodes may be lost, whole nodes are renamed, and GPUs
 * within them.
 */
public final class Relabelling {
    /** One kept expert counts more than all GPUs that keep their name. */
    private static final long KEPT = 1L << 20;
    private static final long NEVER = -(1L << 40);

    private Relabelling() {}

    /**
     * Renames the GPUs in every layer.
     *
     * @param current what is loaded now
     * @throws IllegalArgumentException if the plans are for other GPUs, layers or experts
     */
    public static Plan relabel(Plan current, Plan next) {
        Migration.requireSameDeployment(current, next);
        List<LayerPlan> layers = new ArrayList<>();
        for (int i = 0; i < next.layers().size(); i++) {
            LayerPlan old = current.layers().get(i);
            LayerPlan layer = next.layers().get(i);
            int[] map = relabel(next.problem(layer), current.topology(old), old.physicalToLogical(),
                    layer.physicalToLogical());
            layers.add(new LayerPlan(layer.layer(), map, layer.balancedness(), layer.maxOverMean(), layer.lowerBound(),
                    layer.gap(), layer.boundTerm()));
        }
        return next.withLayers(layers);
    }

    /**
     * Renames the GPUs of one layer's layout; experts that stay on their GPU keep their position on it where that exists.
     *
     * @param problem  what {@code next} solves
     * @param topology that of {@code current}: the same GPUs, perhaps with another number of slots
     * @param current  the logical expert in each slot now, {@code [slots]}, -1 in empty ones
     * @param next     the same for the new layout
     * @return the renamed {@code next}
     */
    public static int[] relabel(PlanProblem problem, Topology topology, int[] current, int[] next) {
        long[][] kept = kept(problem, topology, current, next);
        boolean keepNodes = problem.hierarchical() || problem.requirements().lostNodes() > 0;
        int[] newName = keepNodes ? byNodes(problem, kept) : Assignment.best(kept);
        int slots = problem.topology().slotsPerGpu();
        int[] map = new int[next.length];
        for (int gpu = 0; gpu < newName.length; gpu++) {
            int[] experts = Arrays.copyOfRange(next, gpu * slots, (gpu + 1) * slots);
            int from = newName[gpu] * topology.slotsPerGpu();
            int[] old = Arrays.copyOfRange(current, from, from + topology.slotsPerGpu());
            System.arraycopy(inPlace(old, experts), 0, map, newName[gpu] * slots, slots);
        }
        return map;
    }

    /** What is gained if a new GPU (row) gets the name of a current one (column), {@code [gpus][gpus]}. */
    private static long[][] kept(PlanProblem problem, Topology topology, int[] current, int[] next) {
        int gpus = problem.topology().gpus();
        int[][] now = counts(topology, problem.experts(), current);
        int slots = problem.topology().slotsPerGpu();
        long[][] kept = new long[gpus][gpus];
        int[] used = new int[problem.experts()];
        for (int row = 0; row < gpus; row++) {
            for (int column = 0; column < gpus; column++) {
                if (problem.present(row) != problem.present(column)) {
                    kept[row][column] = NEVER;
                    continue;
                }
                long same = 0;
                for (int slot = row * slots; slot < (row + 1) * slots; slot++) {
                    int expert = next[slot];
                    if (expert != Layout.EMPTY && used[expert]++ < now[column][expert]) {
                        same++;
                    }
                }
                for (int slot = row * slots; slot < (row + 1) * slots; slot++) {
                    if (next[slot] != Layout.EMPTY) {
                        used[next[slot]] = 0;
                    }
                }
                kept[row][column] = same * KEPT + (row == column ? 1 : 0);
            }
        }
        return kept;
    }

    /** How often each GPU holds each expert, {@code [gpus][experts]}. */
    static int[][] counts(Topology topology, int experts, int[] map) {
        int[][] counts = new int[topology.gpus()][experts];
        for (int slot = 0; slot < map.length; slot++) {
            if (map[slot] != Layout.EMPTY) {
                counts[topology.gpuOf(slot)][map[slot]]++;
            }
        }
        return counts;
    }

    /** Nodes get the names of nodes: for each pair the best assignment of the GPUs within, then the best of these. */
    private static int[] byNodes(PlanProblem problem, long[][] kept) {
        int nodes = problem.topology().nodes();
        int size = problem.topology().gpusPerNode();
        long[][] value = new long[nodes][nodes];
        int[][][] within = new int[nodes][nodes][];
        for (int row = 0; row < nodes; row++) {
            for (int column = 0; column < nodes; column++) {
                int from = row * size;
                int to = column * size;
                long[][] block = IntStream.range(from, from + size)
                        .mapToObj(gpu -> Arrays.copyOfRange(kept[gpu], to, to + size)).toArray(long[][]::new);
                int[] best = Assignment.best(block);
                within[row][column] = best;
                value[row][column] = IntStream.range(0, size).mapToLong(gpu -> block[gpu][best[gpu]]).sum();
            }
        }
        int[] nodeName = Assignment.best(value);
        return IntStream.range(0, nodes * size).map(
                gpu -> nodeName[gpu / size] * size + within[gpu / size][nodeName[gpu / size]][gpu % size]).toArray();
    }

    /** A GPU's experts, those that it held before in their position, the others in the positions left. */
    static int[] inPlace(int[] old, int[] experts) {
        int[] placed = new int[experts.length];
        boolean[] taken = new boolean[experts.length];
        boolean[] done = new boolean[experts.length];
        for (int position = 0; position < Math.min(old.length, experts.length); position++) {
            for (int i = 0; i < experts.length && !taken[position]; i++) {
                if (!done[i] && experts[i] == old[position]) {
                    placed[position] = experts[i];
                    taken[position] = true;
                    done[i] = true;
                }
            }
        }
        int position = 0;
        for (int i = 0; i < experts.length; i++) {
            if (!done[i]) {
                while (taken[position]) {
                    position++;
                }
                placed[position] = experts[i];
                taken[position] = true;
            }
        }
        return placed;
    }
}
