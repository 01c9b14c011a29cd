package io.moeplan.eplb.planner;

import io.moeplan.eplb.LoadGenerator;
import io.moeplan.eplb.LoadTrace;
import io.moeplan.eplb.PlanProblem;
import io.moeplan.eplb.dispatch.Dispatch;
import io.moeplan.eplb.dispatch.EvenSplit;
import io.moeplan.eplb.dispatch.LeastMaximum;
import io.moeplan.eplb.dispatch.ModuloReplica;
import io.moeplan.eplb.dispatch.StaticReplica;
import io.moeplan.eplb.judge.Simulation;
import io.moeplan.eplb.search.Objective;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

/**
 * What planning for a dispatch rule is worth beside planning for the even split, both judged under the rule: mean of
 * max / mean - 1, over the 100 steps planned on and over the next 100, with drift 0.12. By hand; arguments: seconds for each
 * plan, seeds.
 */
final class RulePlanComparison {
    private static final int PLAN_STEPS = 100;
    /** Experts, slots, GPUs, nodes. */
    private static final int[][] SHAPES = {{256, 288, 32, 1}, {256, 320, 64, 1}, {256, 288, 32, 4}, {256, 320, 64, 8},
        {128, 144, 6, 1}, {64, 72, 6, 1}, {64, 72, 6, 2}, {64, 72, 12, 1}, {128, 160, 40, 5}};

    private RulePlanComparison() {}

    public static void main(String[] args) {
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        double seconds = args.length > 0 ? Double.parseDouble(args[0]) : 0.5;
        int seeds = args.length > 1 ? Integer.parseInt(args[1]) : 5;
        Duration budget = Duration.ofMillis((long) (1000 * seconds));
        out.printf("%-22s %-8s %12s %12s %12s %12s%n", "experts/slots/GPUs", "rule", "even, seen", "rule, seen",
                "even, unseen", "rule, unseen");
        for (int[] shape : SHAPES) {
            PlanProblem problem = PlanProblem.withRedundant(shape[0], 1, shape[3], shape[2], shape[1] - shape[0]);
            List<LoadTrace> traces = IntStream.range(0, seeds)
                    .mapToObj(seed -> LoadGenerator.trace(1, shape[0], shape[2], 0.12, 2 * PLAN_STEPS, 1000 + seed))
                    .toList();
            List<int[][]> even = traces.stream().map(trace -> maps(problem, trace, budget, new EvenSplit())).toList();
            for (Dispatch rule : List.of(new StaticReplica(), new ModuloReplica(), new LeastMaximum())) {
                double[] sums = new double[4];
                for (int seed = 0; seed < seeds; seed++) {
                    int[][] planned = maps(problem, traces.get(seed), budget, rule);
                    sums[0] += excess(problem, traces.get(seed), even.get(seed), rule, true) / seeds;
                    sums[1] += excess(problem, traces.get(seed), planned, rule, true) / seeds;
                    sums[2] += excess(problem, traces.get(seed), even.get(seed), rule, false) / seeds;
                    sums[3] += excess(problem, traces.get(seed), planned, rule, false) / seeds;
                }
                out.printf(Locale.ROOT, "%-22s %-8s %12.4f %12.4f %12.4f %12.4f%n",
                        shape[0] + "/" + shape[1] + "/" + shape[2] + (shape[3] > 1 ? " " + shape[3] + " nodes" : ""),
                        rule.name(), sums[0], sums[1], sums[2], sums[3]);
            }
        }
    }

    /** Without a clock, so that the figures do not depend on what else the machine does. */
    private static int[][] maps(PlanProblem problem, LoadTrace trace, Duration budget, Dispatch rule) {
        return new SearchPlanner(new Objective.Steps(), budget, SearchPlanner.GAP, 0).under(rule)
                .plan(problem, trace.slice(0, PLAN_STEPS), () -> false);
    }

    private static double excess(PlanProblem problem, LoadTrace trace, int[][] maps, Dispatch rule, boolean seen) {
        LoadTrace judged = seen ? trace.slice(0, PLAN_STEPS) : trace.slice(PLAN_STEPS, trace.steps().size());
        return Simulation.replay(judged, problem.topology(), maps, "plan", rule).overall().vllmAscend() - 1;
    }
}
