package io.moeplan.eplb.planner;

import io.moeplan.eplb.GroupPlacement;
import io.moeplan.eplb.ImpossiblePlanException;
import io.moeplan.eplb.LoadTrace;
import io.moeplan.eplb.PlanProblem;
import io.moeplan.eplb.Requirements;
import io.moeplan.eplb.Topology;
import java.util.Arrays;
import java.util.Comparator;
import java.util.PriorityQueue;
import java.util.stream.IntStream;

/**
 * The greedy of TensorRT-LLM's expert load balancer: the next replica always goes to the expert with the largest load per
 * replica (a priority queue), then replicas, heaviest first, each to the least loaded GPU that has room and does not hold
 * the expert yet. In double precision, ties to the lower index; groups and nodes are ignored. Where only GPUs that hold
 * the expert have room, slots are exchanged ({@link DistinctReplicas}).
 */
public record TensorRtLlmPlanner() implements Planner {
    public static final String NAME = "trtllm";

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public String objective() {
        return "mean";
    }

    @Override
    public int[][] plan(PlanProblem problem, LoadTrace trace) {
        problem.requireExpertsOf(trace);
        if (problem.filledSlots() != problem.topology().slots()) {
            throw new ImpossiblePlanException(
                    NAME + " fills every slot of every GPU: for absent GPUs or empty slots use"
                            + " --algorithm " + SearchPlanner.NAME);
        }
        int[][] maps = new int[trace.layers()][];
        for (int layer = 0; layer < maps.length; layer++) {
            double[] weight = Arrays.stream(trace.totals(layer)).asDoubleStream().toArray();
            maps[layer] = DistinctReplicas.repair(problem.topology(), layout(problem, weight), weight);
        }
        return maps;
    }

    /** It knows neither groups nor losses. */
    @Override
    public Requirements keeps(Requirements asked) {
        return asked.withDistinct(true).withGroups(GroupPlacement.FREE).surviving(0, 0);
    }

    private static int[] layout(PlanProblem problem, double[] weight) {
        Topology topology = problem.topology();
        int[] replicas = replicate(weight, problem.redundant(), topology.gpus());
        int[] order = IntStream.range(0, weight.length).boxed()
                .sorted(Comparator.comparingDouble(e -> -weight[e] / replicas[e])).mapToInt(Integer::intValue)
                .toArray();
        int[] map = new int[topology.slots()];
        Arrays.fill(map, -1);
        int[] held = new int[topology.gpus()];
        double[] load = new double[topology.gpus()];
        for (int e : order) {
            for (int r = 0; r < replicas[e]; r++) {
                int gpu = leastLoaded(topology, map, held, load, e);
                map[gpu * topology.slotsPerGpu() + held[gpu]++] = e;
                load[gpu] += weight[e] / replicas[e];
            }
        }
        return map;
    }

    private static int[] replicate(double[] weight, int redundant, int gpus) {
        int[] replicas = new int[weight.length];
        Arrays.fill(replicas, 1);
        PriorityQueue<Integer> heaviest = new PriorityQueue<>(
                Comparator.<Integer>comparingDouble(e -> -weight[e] / replicas[e]).thenComparing(e -> e));
        IntStream.range(0, weight.length).filter(e -> gpus > 1).forEach(heaviest::add);
        for (int i = 0; i < redundant; i++) {
            int e = heaviest.remove();
            replicas[e]++;
            if (replicas[e] < gpus) {
                heaviest.add(e);
            }
        }
        return replicas;
    }

    /** Among GPUs with room, one without the expert if there is any, then the least loaded. */
    private static int leastLoaded(Topology topology, int[] map, int[] held, double[] load, int expert) {
        int best = -1;
        boolean bestHolds = true;
        for (int gpu = 0; gpu < load.length; gpu++) {
            if (held[gpu] == topology.slotsPerGpu()) {
                continue;
            }
            int first = gpu * topology.slotsPerGpu();
            boolean holds = Arrays.stream(map, first, first + held[gpu]).anyMatch(e -> e == expert);
            if (best < 0 || (holds == bestHolds ? load[gpu] < load[best] : bestHolds)) {
                best = gpu;
                bestHolds = holds;
            }
        }
        return best;
    }
}
