package io.moeplan.eplb;

import io.moeplan.eplb.planner.DeepSeekPlanner;
import io.moeplan.eplb.planner.Planner;
import io.moeplan.eplb.planner.Planning;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;

/** Seeded problems and loads for tests. */
public final class TestLoads {
    private TestLoads() {}

    /** A trace of one layer, number 0. */
    public static LoadTrace oneLayer(int[]... steps) {
        return trace(new int[]{0}, steps);
    }

    /** A trace with these counts, {@code [steps][layers * experts]}. */
    public static LoadTrace trace(int[] layerIds, int[]... steps) {
        List<LoadTrace.Step> list = new ArrayList<>();
        for (int[] counts : steps) {
            list.add(new LoadTrace.Step(list.size(), Phase.PREFILL, Arrays.stream(counts).sum(), counts));
        }
        return new LoadTrace(layerIds, steps[0].length / layerIds.length, list);
    }

    /** Skewed counts: most experts near the middle, a few hot, some without a token. */
    public static int[] counts(Random random, int size) {
        return IntStream.range(0, size)
                .map(i -> random.nextInt(8) == 0 ? 0 : (int) (200 * Math.exp(1.2 * random.nextGaussian()))).toArray();
    }

    /** A skewed trace of the given layers. */
    public static LoadTrace trace(Random random, int[] layerIds, int experts, int steps) {
        return trace(layerIds, IntStream.range(0, steps).mapToObj(s -> counts(random, layerIds.length * experts))
                .toArray(int[][]::new));
    }

    /** Any problem that can be planned: up to 4 nodes, 4 GPUs each, 8 slots each. */
    public static PlanProblem problem(Random random) {
        while (true) {
            Topology topology = new Topology(1 + random.nextInt(4), 1 + random.nextInt(4), 1 + random.nextInt(8));
            int groups = 1 + random.nextInt(8);
            int experts = groups * (1 + random.nextInt(8));
            if (topology.slots() >= experts && topology.slotsPerGpu() <= experts) {
                return new PlanProblem(topology, experts, groups);
            }
        }
    }

    /** A small plan of two layers, numbers 3 and 5, made by DeepSeek's planner: 8 experts, 2 nodes of 2 GPUs, 12 slots. */
    public static Plan plan() {
        return plan(new DeepSeekPlanner());
    }

    /** The same by another planner. */
    public static Plan plan(Planner planner) {
        LoadTrace trace = trace(new Random(7), new int[]{3, 5}, 8, 4);
        PlanProblem problem = PlanProblem.withRedundant(8, 2, 2, 4, 4);
        return Planning.plan(problem, trace, planner, new Plan.Model("tiny-moe", "qwen3_moe", 8, 2, 2), "sha256:ab");
    }
}
