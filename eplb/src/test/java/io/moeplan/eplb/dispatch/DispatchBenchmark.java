package io.moeplan.eplb.dispatch;

import io.moeplan.eplb.Layout;
import io.moeplan.eplb.LoadTrace;
import io.moeplan.eplb.PlanProblem;
import io.moeplan.eplb.TestLoads;
import io.moeplan.eplb.planner.DeepSeekPlanner;
import java.util.Arrays;
import java.util.Random;

/** Prints how long each dispatch rule takes for one layer of one step, 256 experts on 32 GPUs. Run it by hand. */
final class DispatchBenchmark {
    private static final int ROUNDS = 2000;

    private DispatchBenchmark() {}

    public static void main(String[] args) {
        for (int redundant : new int[]{32, 64, 256}) {
            for (Dispatch rule : Dispatch.all()) {
                System.out.printf("%3d redundant, %-7s %7.1f us a layer and step%n", redundant, rule.name(),
                        microseconds(redundant, rule));
            }
        }
    }

    private static double microseconds(int redundant, Dispatch rule) {
        Random random = new Random(1);
        PlanProblem problem = PlanProblem.withRedundant(256, 1, 4, 32, redundant);
        LoadTrace window = TestLoads.trace(random, new int[]{0}, 256, 1);
        LayerDispatch ready = rule
                .on(new Layout(problem.topology(), 256, new DeepSeekPlanner().plan(problem, window)[0]));
        int[][] steps = new int[100][];
        Arrays.setAll(steps, s -> TestLoads.counts(random, 256));
        double[] load = new double[32];
        double best = Double.MAX_VALUE;
        for (int trial = 0; trial < 5; trial++) {
            long begin = System.nanoTime();
            for (int round = 0; round < ROUNDS; round++) {
                ready.gpuLoad(new LayerStep(round, 0, steps[round % steps.length], 0, new int[0][]), load);
            }
            best = Math.min(best, (System.nanoTime() - begin) / 1e3 / ROUNDS);
        }
        return best;
    }
}
