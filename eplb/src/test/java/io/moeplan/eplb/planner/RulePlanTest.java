package io.moeplan.eplb.planner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.moeplan.eplb.Layout;
import io.moeplan.eplb.LayoutCheck;
import io.moeplan.eplb.LoadGenerator;
import io.moeplan.eplb.LoadTrace;
import io.moeplan.eplb.Plan;
import io.moeplan.eplb.PlanProblem;
import io.moeplan.eplb.Requirements;
import io.moeplan.eplb.Topology;
import io.moeplan.eplb.dispatch.Dispatch;
import io.moeplan.eplb.dispatch.EvenSplit;
import io.moeplan.eplb.dispatch.FixedChoice;
import io.moeplan.eplb.dispatch.LeastMaximum;
import io.moeplan.eplb.dispatch.ModuloReplica;
import io.moeplan.eplb.dispatch.RandomReplica;
import io.moeplan.eplb.dispatch.StaticReplica;
import io.moeplan.eplb.judge.Balance;
import io.moeplan.eplb.judge.Simulation;
import io.moeplan.eplb.planfile.PlanFile;
import io.moeplan.eplb.search.CostModel;
import io.moeplan.eplb.search.Objective;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Planning for the dispatch rules that do not split evenly. */
class RulePlanTest {
    private static final List<Dispatch> RULES = List.of(new StaticReplica(), new ModuloReplica(), new LeastMaximum());

    private static SearchPlanner planner(Objective objective, long millis) {
        return new SearchPlanner(objective, Duration.ofMillis(millis), SearchPlanner.GAP, 3);
    }

    private static int[][] plan(SearchPlanner planner, PlanProblem problem, LoadTrace trace) {
        return planner.plan(problem, trace, () -> false);
    }

    private static Balance balance(PlanProblem problem, LoadTrace trace, int[][] maps, Dispatch rule) {
        return Simulation.replay(trace, problem.topology(), maps, "plan", rule).overall();
    }

    @Test
    void isNeverWorseThanTheEvenPlanOnTheStepsPlannedOn() {
        SplittableRandom random = new SplittableRandom(8);
        for (int i = 0; i < 12; i++) {
            int nodes = 1 + random.nextInt(3);
            int gpus = nodes * (2 + random.nextInt(4));
            int experts = 2 * gpus + random.nextInt(gpus);
            PlanProblem problem = PlanProblem.withSlotsPerGpu(experts, 1, nodes, gpus, 4);
            LoadTrace trace = LoadGenerator.trace(2, experts, gpus, 0.12, 20, i);
            SearchPlanner planner = planner(new Objective.Steps(), 40);
            int[][] even = plan(planner, problem, trace);
            for (Dispatch rule : RULES) {
                int[][] planned = plan(planner.under(rule), problem, trace);
                assertThat(balance(problem, trace, planned, rule).weighted()).as("%s %s", problem, rule.name())
                        .isLessThanOrEqualTo(balance(problem, trace, even, rule).weighted() + 1e-9);
            }
        }
    }

    /** 64 experts on 6 GPUs: 4 or 5 replicas do not take equal parts of 6 ranks. */
    @Test
    void winsWhereRanksDoNotDivideByReplicas() {
        double[] modulo = unseen(PlanProblem.withRedundant(64, 1, 1, 6, 8), 6, new ModuloReplica());
        double[] fixed = unseen(PlanProblem.withRedundant(64, 1, 1, 6, 8), 6, new StaticReplica());
        assertThat(modulo[1]).isLessThan(0.75 * modulo[0]);
        assertThat(fixed[1]).isLessThan(0.75 * fixed[0]);
    }

    /** A replica's own node goes to it first, so it matters which nodes have one. */
    @Test
    void winsWhereNodesKeepTheirTokens() {
        double[] excess = unseen(PlanProblem.withRedundant(128, 1, 4, 16, 16), 16, new StaticReplica());
        assertThat(excess[1]).isLessThan(0.75 * excess[0]);
    }

    @Test
    void winsUnderALinearProgram() {
        double[] excess = unseen(PlanProblem.withRedundant(128, 1, 1, 32, 32), 32, new LeastMaximum());
        assertThat(excess[1]).isLessThan(0.95 * excess[0]);
    }

    /** Mean of max / mean - 1 on 60 steps after the 60 planned on, with the plan for even split and for the rule. */
    private static double[] unseen(PlanProblem problem, int gpus, Dispatch rule) {
        double[] excess = new double[2];
        for (int seed = 0; seed < 3; seed++) {
            LoadTrace trace = LoadGenerator.trace(1, problem.experts(), gpus, 0.12, 120, seed);
            SearchPlanner planner = planner(new Objective.Steps(), 200);
            int[][] even = plan(planner, problem, trace.slice(0, 60));
            int[][] planned = plan(planner.under(rule), problem, trace.slice(0, 60));
            excess[0] += (balance(problem, trace.slice(60, 120), even, rule).vllmAscend() - 1) / 3;
            excess[1] += (balance(problem, trace.slice(60, 120), planned, rule).vllmAscend() - 1) / 3;
        }
        System.out.printf("%d experts on %d GPUs, %s: planned even %.4f, for the rule %.4f%n", problem.experts(), gpus,
                rule.name(), excess[0], excess[1]);
        return excess;
    }

    @Test
    void rulesThatAreEvenOnAveragePlanAsEven() {
        PlanProblem problem = PlanProblem.withRedundant(24, 1, 1, 6, 6);
        LoadTrace trace = LoadGenerator.trace(1, 24, 6, 0.12, 20, 2);
        SearchPlanner planner = planner(new Objective.Steps(), 50);
        for (Dispatch rule : List.of(RandomReplica.random(), RandomReplica.dynamic())) {
            assertThat(plan(planner.under(rule), problem, trace)).isDeepEqualTo(plan(planner, problem, trace));
        }
    }

    @Test
    void everyObjectiveIsPlannedForEveryRule() {
        PlanProblem problem = PlanProblem.withRedundant(20, 1, 2, 6, 10).with(
                Requirements.usual(new Topology(2, 3, 5), 1).withAbsent(List.of(4)).withEmpty(1));
        LoadTrace trace = LoadGenerator.trace(2, 20, 6, 0.12, 20, 2);
        for (Dispatch rule : RULES) {
            for (Objective objective : Objective.all()) {
                if (objective instanceof Objective.Decode && rule instanceof LeastMaximum) {
                    continue;
                }
                int[][] maps = plan(planner(objective, 30).under(rule), problem, trace);
                for (int[] map : maps) {
                    assertThat(LayoutCheck.find(problem.topology(), 20, problem.requirements(), map)).isEmpty();
                }
            }
        }
        assertThatThrownBy(() -> planner(new Objective.Decode(CostModel.DEFAULT), 1).under(new LeastMaximum()))
                .hasMessageContaining("use --objective steps, tail or mean");
    }

    /** What the search plans with is what the rule does, but for the ranks that SGLang draws. */
    @Test
    void sharesAreThoseOfTheRule() {
        SplittableRandom random = new SplittableRandom(4);
        for (int i = 0; i < 500; i++) {
            Topology topology = new Topology(1 + random.nextInt(3), 1 + random.nextInt(4), 1);
            int[] senders = IntStream.range(0, topology.gpus()).toArray();
            int[] gpus = Arrays.stream(senders).filter(gpu -> random.nextBoolean()).toArray();
            if (gpus.length == 0) {
                continue;
            }
            int[] map = new int[topology.gpus()];
            int next = 1;
            for (int gpu : senders) {
                map[gpu] = Arrays.binarySearch(gpus, gpu) >= 0 ? 0 : next++;
            }
            Layout layout = new Layout(topology, next, map);
            assertShares(layout, new ModuloReplica(), gpus, senders, 1e-12);
            assertShares(layout, new StaticReplica(), gpus, senders, 1.0 / senders.length + 1e-12);
        }
    }

    private static void assertShares(Layout layout, FixedChoice rule, int[] gpus, int[] senders, double tolerance) {
        int[] counts = new int[layout.experts()];
        counts[0] = 1;
        double[] load = new double[layout.topology().gpus()];
        rule.gpuLoad(layout, counts, 0, load);
        double[] shares = rule.shares(layout.topology(), senders).of(gpus);
        for (int r = 0; r < gpus.length; r++) {
            assertThat(shares[r]).isGreaterThanOrEqualTo(load[gpus[r]] - 1e-12)
                    .isCloseTo(load[gpus[r]], within(tolerance));
        }
    }

    /** The plan says what it is for and what was minimised in the end. */
    @Test
    void thePlanSaysWhatItIsFor() {
        PlanProblem problem = PlanProblem.withRedundant(24, 1, 1, 6, 6);
        Plan.Model model = new Plan.Model("m", "t", 24, 2, 1);
        SearchPlanner planner = planner(new Objective.Steps(), 50);
        Plan few = Planning.plan(problem, LoadGenerator.trace(1, 24, 6, 0.12, 3, 2), planner, model, "d");
        assertThat(few.objective()).isEqualTo("mean (too few steps for steps)");
        assertThat(few.dispatch()).isEqualTo("even");
        LoadTrace long_ = LoadGenerator.trace(1, 24, 6, 0.4, 60, 2);
        Plan modulo = Planning.plan(problem, long_, planner.under(new ModuloReplica()), model, "d");
        assertThat(modulo.objective()).isIn("steps", "mean (steps did not help)");
        assertThat(modulo.dispatch()).isEqualTo("modulo");
        assertThat(PlanFile.render(modulo)).contains("\"dispatch\":\"modulo\"");
        assertThat(PlanFile.render(few)).doesNotContain("dispatch");
    }

    /** Within the dead zone the search stops, and without being told it does not. */
    @Test
    void aDeadZoneEndsTheSearch() {
        PlanProblem problem = PlanProblem.withRedundant(64, 1, 1, 8, 8);
        LoadTrace trace = LoadGenerator.trace(1, 64, 8, 0.12, 40, 2);
        SearchPlanner planner = planner(new Objective.Mean(), 200);
        double content = balanceOfMean(problem, trace, plan(planner.withDeadZone(1.3), problem, trace));
        double best = balanceOfMean(problem, trace, plan(planner, problem, trace));
        assertThat(content).isLessThanOrEqualTo(1.3);
        assertThat(best).isLessThan(content);
        SearchPlanner steps = planner(new Objective.Steps(), 200);
        int[][] stopped = plan(steps.withDeadZone(1.5), problem, trace);
        assertThat(balance(problem, trace, stopped, new EvenSplit()).weighted()).isLessThanOrEqualTo(1.5);
    }

    private static double balanceOfMean(PlanProblem problem, LoadTrace trace, int[][] maps) {
        return Planning.certify(problem, 0, maps[0], trace.totals(0)).maxOverMean();
    }
}
