package io.moeplan.eplb.planner;

import io.moeplan.eplb.LoadGenerator;
import io.moeplan.eplb.LoadTrace;
import io.moeplan.eplb.Plan;
import io.moeplan.eplb.PlanProblem;
import io.moeplan.eplb.dispatch.EvenSplit;
import io.moeplan.eplb.judge.Simulation;
import io.moeplan.eplb.migration.MoveLimit;
import io.moeplan.eplb.search.Objective;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

/**
 * What plans within a number of moves are worth on steps that nobody has seen: 256 experts, 288 slots, 32 GPUs, generated
 * traces of 300 steps. The current plan is contiguous, or the reference's of steps 0-99; the new one is ours of steps
 * 100-199; judged on 200-299. By hand; prints a table. Arguments: drift (0.12 unless given) and seeds (5 unless given).
 */
final class MoveLimitComparison {
    private static final int EXPERTS = 256;
    private static final int GPUS = 32;
    private static final int STEPS = 100;
    private static final int[] MOVES = {8, 16, 32, 64, 128};

    private MoveLimitComparison() {}

    public static void main(String[] args) {
        double drift = args.length > 0 ? Double.parseDouble(args[0]) : 0.12;
        int seeds = args.length > 1 ? Integer.parseInt(args[1]) : 5;
        PlanProblem problem = PlanProblem.withRedundant(EXPERTS, 1, 1, GPUS, 32);
        System.out.println("mean of max/mean - 1 on held-out steps; drift " + drift + ", " + seeds + " seeds");
        System.out.printf("%-24s%9s", "current, climbing on", "none");
        IntStream.of(MOVES).forEach(moves -> System.out.printf("%9d", moves));
        System.out.printf("%9s%12s%n", "all", "(its moves)");
        for (Planner first : List.of(new ContiguousPlanner(), new DeepSeekPlanner())) {
            for (Objective objective : List.of(new Objective.Mean(), new Objective.Steps())) {
                double[] sums = new double[MOVES.length + 3];
                for (int seed = 0; seed < seeds; seed++) {
                    add(problem, LoadGenerator.trace(1, EXPERTS, GPUS, drift, 3 * STEPS, seed), first, objective, sums);
                }
                System.out.printf("%-24s", first.name() + ", " + objective.name());
                for (int i = 0; i < sums.length; i++) {
                    System.out.printf(Locale.ROOT, i == sums.length - 1 ? "%12.0f" : "%9.4f", sums[i] / seeds);
                }
                System.out.println();
            }
        }
    }

    private static void add(PlanProblem problem, LoadTrace trace, Planner first, Objective objective, double[] sums) {
        LoadTrace planned = trace.slice(STEPS, 2 * STEPS);
        LoadTrace judged = trace.slice(2 * STEPS, 3 * STEPS);
        Plan.Model model = new Plan.Model("m", "t", EXPERTS, 8, 1);
        Plan current = Planning.plan(problem, trace.slice(0, STEPS), first, model, "d");
        SearchPlanner search = new SearchPlanner(new Objective.Steps(), Duration.ofSeconds(1), SearchPlanner.GAP, 0);
        Plan next = Planning.plan(problem, planned, search, model, "d");
        MoveLimit limit = MoveLimit.between(current, next, planned, objective);
        sums[0] += excess(judged, current);
        for (int i = 0; i < MOVES.length; i++) {
            sums[i + 1] += excess(judged, limit.limit(MOVES[i]));
        }
        sums[MOVES.length + 1] += excess(judged, next);
        sums[MOVES.length + 2] += limit.fullMoves();
    }

    private static double excess(LoadTrace judged, Plan plan) {
        int[][] maps = {plan.layers().getFirst().physicalToLogical()};
        return Simulation.replay(judged, plan.topology(), maps, "any", new EvenSplit()).overall().vllmAscend() - 1;
    }
}
