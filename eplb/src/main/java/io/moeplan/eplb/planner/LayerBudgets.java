package io.moeplan.eplb.planner;

import io.moeplan.eplb.ImpossiblePlanException;
import io.moeplan.eplb.LoadTrace;
import io.moeplan.eplb.PlanProblem;
import java.util.Arrays;
import java.util.Comparator;
import java.util.PriorityQueue;
import java.util.stream.IntStream;

/**
 * Divides the slots of a model unevenly over its MoE layers, for engines that can load such plans: layers whose fullest GPU
 * gains more by further replicas get more of them.
 *
 * <p>What a layer gains is estimated by greedy replication and longest-processing-time packing, which costs far less than
 * planning and comes within a few percent of it. Since time follows the sum over layers of
 * the fullest GPU's tokens, that sum is made as small as the estimates allow, exactly: best total for the first layers and
 * any number of slots, layer by layer.
 */
public final class LayerBudgets {
    /** An excess over the mean below this is the estimate's own error: there is nothing to gain. */
    private static final double DEAD_ZONE = 1.01;

    private LayerBudgets() {}

    /**
     * The slots per GPU of each layer.
     *
     * @param problem what each layer would have to solve with an even share
     * @return {@code [layers]}, at least what the experts need, in sum layers x the problem's slots per GPU
     * @throws ImpossiblePlanException  if the problem leaves slots empty: budgets come in whole slots on every GPU
     * @throws IllegalArgumentException if the trace has another number of experts than the problem
     */
    public static int[] slotsPerGpu(PlanProblem problem, LoadTrace trace) {
        if (problem.requirements().empty() > 0) {
            throw new ImpossiblePlanException("per-layer budgets fill every slot: fill the spare slots");
        }
        problem.requireExpertsOf(trace);
        int even = problem.topology().slotsPerGpu();
        int least = fewest(problem);
        int most = Math.min(problem.experts(), Math.max(even + 2, 2 * even));
        double[][] cost = new double[trace.layers()][most - least + 1];
        for (int layer = 0; layer < cost.length; layer++) {
            long[] totals = trace.totals(layer);
            for (int slots = least; slots <= most; slots++) {
                cost[layer][slots - least] = feasible(problem, slots)
                        ? fullestGpu(problem.withSlotsPerGpu(slots), totals)
                        : Double.POSITIVE_INFINITY;
            }
        }
        int[] extra = divide(cost, (even - least) * cost.length, even - least);
        return Arrays.stream(extra).map(slots -> slots + least).toArray();
    }

    /** The fewest slots per GPU with which the problem can be solved. */
    private static int fewest(PlanProblem problem) {
        int slots = (problem.experts() + problem.presentGpus() - 1) / problem.presentGpus();
        while (!feasible(problem, slots)) {
            slots++;
        }
        return slots;
    }

    private static boolean feasible(PlanProblem problem, int slots) {
        try {
            problem.withSlotsPerGpu(slots);
            return true;
        } catch (ImpossiblePlanException e) {
            return false;
        }
    }

    /**
     * The choice of one column per row whose numbers sum to {@code total} with the smallest sum of costs.
     *
     * @param cost {@code [rows][columns]}
     * @param even the column preferred where costs tie
     */
    private static int[] divide(double[][] cost, int total, int even) {
        int columns = cost[0].length;
        int[] preferred = IntStream.range(0, columns).boxed().sorted(Comparator.comparingInt(c -> Math.abs(c - even)))
                .mapToInt(Integer::intValue).toArray();
        double[] best = new double[total + 1];
        Arrays.fill(best, Double.POSITIVE_INFINITY);
        best[0] = 0;
        int[][] chosen = new int[cost.length][total + 1];
        for (int row = 0; row < cost.length; row++) {
            double[] next = new double[total + 1];
            Arrays.fill(next, Double.POSITIVE_INFINITY);
            for (int used = 0; used <= total; used++) {
                for (int column : preferred) {
                    double sum = column <= used ? best[used - column] + cost[row][column] : Double.POSITIVE_INFINITY;
                    // A gain of rounding errors is none.
                    if (sum < next[used] * (1 - 1e-12)) {
                        next[used] = sum;
                        chosen[row][used] = column;
                    }
                }
            }
            best = next;
        }
        int[] result = new int[cost.length];
        int left = total;
        for (int row = cost.length - 1; row >= 0; row--) {
            result[row] = chosen[row][left];
            left -= result[row];
        }
        return result;
    }

    /** The estimated tokens of the fullest GPU; whole groups are first put onto nodes, heaviest first, where pinned. */
    private static double fullestGpu(PlanProblem problem, long[] totals) {
        int[] capacity = problem.capacity();
        double fullest = DEAD_ZONE * Arrays.stream(totals).sum() / problem.presentGpus();
        if (!problem.hierarchical()) {
            return Math.max(fullest, greedy(totals, capacity));
        }
        int[] nodeOf = nodeOfGroups(problem, totals);
        int size = problem.topology().gpusPerNode();
        for (int node = 0; node < problem.topology().nodes(); node++) {
            int here = node;
            long[] own = IntStream.range(0, totals.length).filter(e -> nodeOf[problem.groupOf(e)] == here)
                    .mapToLong(e -> totals[e]).toArray();
            if (own.length > 0) {
                int[] nodeCapacity = Arrays.copyOfRange(capacity, node * size, (node + 1) * size);
                fullest = Math.max(fullest, greedy(own, nodeCapacity));
            }
        }
        return fullest;
    }

    private static int[] nodeOfGroups(PlanProblem problem, long[] totals) {
        int nodes = problem.topology().nodes();
        int size = problem.experts() / problem.groups();
        long[] groupLoad = new long[problem.groups()];
        for (int e = 0; e < totals.length; e++) {
            groupLoad[problem.groupOf(e)] += totals[e];
        }
        double[] load = new double[nodes];
        int[] room = IntStream.range(0, nodes)
                .map(node -> problem.presentGpus(node) * problem.topology().slotsPerGpu() / size).toArray();
        int[] nodeOf = new int[groupLoad.length];
        IntStream.range(0, groupLoad.length).boxed().sorted((a, b) -> Long.compare(groupLoad[b], groupLoad[a]))
                .forEach(group -> {
                    int best = IntStream.range(0, nodes).filter(node -> room[node] > 0).boxed()
                            .min(Comparator.comparingDouble(node -> load[node])).orElseThrow();
                    nodeOf[group] = best;
                    room[best]--;
                    load[best] += (double) groupLoad[group] / problem.presentGpus(best);
                });
        return nodeOf;
    }

    /** The fullest of these GPUs, with the replicas that fit onto them. */
    private static double greedy(long[] totals, int[] capacity) {
        int[] room = capacity.clone();
        double[] load = new double[room.length];
        PriorityQueue<Integer> emptiest = new PriorityQueue<>((a, b) -> Double.compare(load[a], load[b]));
        IntStream.range(0, room.length).filter(gpu -> room[gpu] > 0).forEach(emptiest::add);
        double[] shares = shares(totals, Arrays.stream(room).sum());
        for (int i = shares.length - 1; i >= 0; i--) {
            int gpu = emptiest.remove();
            load[gpu] += shares[i];
            if (--room[gpu] > 0) {
                emptiest.add(gpu);
            }
        }
        return Arrays.stream(load).max().orElseThrow();
    }

    /** The loads of all slots under greedy replication, ascending. */
    private static double[] shares(long[] totals, int slots) {
        int[] replicas = new int[totals.length];
        PriorityQueue<Integer> heaviest = new PriorityQueue<>(
                (a, b) -> Double.compare((double) totals[b] / replicas[b], (double) totals[a] / replicas[a]));
        for (int e = 0; e < totals.length; e++) {
            replicas[e] = 1;
            heaviest.add(e);
        }
        for (int i = totals.length; i < slots; i++) {
            int e = heaviest.remove();
            replicas[e]++;
            heaviest.add(e);
        }
        double[] shares = new double[slots];
        int next = 0;
        for (int e = 0; e < totals.length; e++) {
            Arrays.fill(shares, next, next + replicas[e], (double) totals[e] / replicas[e]);
            next += replicas[e];
        }
        Arrays.sort(shares);
        return shares;
    }
}
