package io.moeplan.eplb.planner;

import io.moeplan.eplb.LoadGenerator;
import io.moeplan.eplb.LoadTrace;
import io.moeplan.eplb.PlanProblem;
import io.moeplan.eplb.dispatch.Dispatch;
import io.moeplan.eplb.judge.Simulation;
import io.moeplan.eplb.search.Objective;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

/**
 * What a linear program per step adds to a plan on held-out steps: mean of max / mean - 1 over 100 steps after the 100
 * planned on, with drift 0.12. Run by hand: {@code java ... LpDispatchComparison}.
 */
final class LpDispatchComparison {
    private static final int PLAN_STEPS = 100;
    private static final int SEEDS = 5;
    private static final int[][] SHAPES = {{256, 288, 32}, {256, 320, 64}};

    private LpDispatchComparison() {}

    public static void main(String[] args) {
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        Planner search = new SearchPlanner(new Objective.Steps(), Duration.ofMillis(500), SearchPlanner.GAP, 0);
        for (int[] shape : SHAPES) {
            PlanProblem problem = PlanProblem.withRedundant(shape[0], 1, 1, shape[2], shape[1] - shape[0]);
            double reference = 0;
            double even = 0;
            double lp = 0;
            for (int seed = 0; seed < SEEDS; seed++) {
                LoadTrace trace = LoadGenerator.trace(1, shape[0], shape[2], 0.12, 2 * PLAN_STEPS, 1000 + seed);
                reference += excess(problem, trace, new DeepSeekPlanner(), Dispatch.named("even")) / SEEDS;
                even += excess(problem, trace, search, Dispatch.named("even")) / SEEDS;
                lp += excess(problem, trace, search, Dispatch.named("lp")) / SEEDS;
            }
            out.printf("%d/%d/%d: reference even %.4f, search even %.4f, search lp %.4f (%.2f of the reference)%n",
                    shape[0], shape[1], shape[2], reference, even, lp, lp / reference);
        }
    }

    private static double excess(PlanProblem problem, LoadTrace trace, Planner planner, Dispatch dispatch) {
        int[][] maps = planner.plan(problem, trace.slice(0, PLAN_STEPS));
        LoadTrace judged = trace.slice(PLAN_STEPS, trace.steps().size());
        return Simulation.replay(judged, problem.topology(), maps, planner.name(), dispatch).overall().tensorRtLlm();
    }
}
