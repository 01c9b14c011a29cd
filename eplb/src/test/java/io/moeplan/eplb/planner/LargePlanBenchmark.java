package io.moeplan.eplb.planner;

import io.moeplan.eplb.LoadGenerator;
import io.moeplan.eplb.LoadTrace;
import io.moeplan.eplb.PlanProblem;
import io.moeplan.eplb.search.Objective;
import java.time.Duration;

/**
 * Plans a model of 60 layers of 384 experts onto 448 slots of 64 GPUs on 100 steps and judges on 100 more: time, memory and
 * excess for several budgets. By hand; best with {@code -Xmx500m}.
 */
final class LargePlanBenchmark {
    private LargePlanBenchmark() {}

    public static void main(String[] args) {
        PlanProblem problem = PlanProblem.withRedundant(384, 1, 8, 64, 64);
        LoadTrace trace = LoadGenerator.trace(60, 384, 64, 0.12, 200, 1);
        System.out.printf("reference: excess %.4f%n", PlannerComparison.excess(problem, trace, new DeepSeekPlanner()));
        for (int seconds : new int[]{5, 10}) {
            long start = System.nanoTime();
            SearchPlanner planner = new SearchPlanner(new Objective.Steps(), Duration.ofSeconds(seconds),
                    SearchPlanner.GAP, 0);
            planner.plan(problem, trace);
            double took = (System.nanoTime() - start) / 1e9;
            Runtime runtime = Runtime.getRuntime();
            long used = (runtime.totalMemory() - runtime.freeMemory()) >> 20;
            System.out.printf(
                    "budget %d s: 200 steps planned in %.2f s, heap %d MB; excess planned on 100 steps %.4f%n",
                    seconds, took, used, PlannerComparison.excess(problem, trace, planner));
        }
        deepSeek();
    }

    private static void deepSeek() {
        PlanProblem problem = PlanProblem.withRedundant(256, 8, 4, 32, 32);
        LoadTrace trace = LoadGenerator.window(58, 256, 1);
        DeepSeekPlanner planner = new DeepSeekPlanner();
        double best = Double.POSITIVE_INFINITY;
        for (int i = 0; i < 3000; i++) {
            long start = System.nanoTime();
            planner.plan(problem, trace);
            best = Math.min(best, (System.nanoTime() - start) / 1e6);
        }
        System.out.printf("deepseek, 58 x 256: %.2f ms%n", best);
    }
}
