package io.moeplan.eplb.planner;

import io.moeplan.eplb.PlanProblem;
import java.util.Arrays;
import java.util.Random;

/**
 * Prints how long DeepSeekPlanner takes for DeepSeek-V3's 58 layers of 256 experts on 288 slots, 32 GPUs, 4 nodes. Not a
 * test; run its main.
 */
public final class PlannerBenchmark {
    private static final int WARM_UP = 2000;
    private static final int RUNS = 501;

    private PlannerBenchmark() {}

    /** Takes no arguments. */
    public static void main(String[] args) {
        Random random = new Random(1);
        float[][] loads = new float[58][256];
        for (float[] layer : loads) {
            for (int e = 0; e < layer.length; e++) {
                layer[e] = (float) Math.rint(10_000 * Math.exp(random.nextGaussian()));
            }
        }
        time("hierarchical, 8 groups", PlanProblem.withRedundant(256, 8, 4, 32, 32), loads);
        time("global, 1 group", PlanProblem.withRedundant(256, 1, 4, 32, 32), loads);
    }

    private static void time(String name, PlanProblem problem, float[][] loads) {
        DeepSeekPlanner planner = new DeepSeekPlanner();
        int check = 0;
        for (int i = 0; i < WARM_UP; i++) {
            check += planner.plan(problem, loads)[i % 58][i % 288];
        }
        long[] nanos = new long[RUNS];
        for (int i = 0; i < RUNS; i++) {
            long start = System.nanoTime();
            check += planner.plan(problem, loads)[i % 58][i % 288];
            nanos[i] = System.nanoTime() - start;
        }
        Arrays.sort(nanos);
        System.out.printf("%s: median %.3f ms, p90 %.3f ms (check %d)%n", name, nanos[RUNS / 2] / 1e6,
                nanos[RUNS * 9 / 10] / 1e6, check);
    }
}
