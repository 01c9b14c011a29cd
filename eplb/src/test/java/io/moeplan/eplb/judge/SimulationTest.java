package io.moeplan.eplb.judge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.moeplan.eplb.Layout;
import io.moeplan.eplb.LoadTrace;
import io.moeplan.eplb.Plan;
import io.moeplan.eplb.PlanProblem;
import io.moeplan.eplb.TestLoads;
import io.moeplan.eplb.Topology;
import io.moeplan.eplb.dispatch.Dispatch;
import io.moeplan.eplb.dispatch.EvenSplit;
import io.moeplan.eplb.dispatch.LeastMaximum;
import io.moeplan.eplb.dispatch.ModuloReplica;
import io.moeplan.eplb.dispatch.RandomReplica;
import io.moeplan.eplb.dispatch.StaticReplica;
import io.moeplan.eplb.planner.DeepSeekPlanner;
import io.moeplan.eplb.planner.Planning;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

class SimulationTest {
    private static final Offset<Double> EXACTLY = within(1e-12);
    private static final Topology TWO_GPUS = new Topology(1, 2, 1);

    /** Two layers, two experts, one per GPU; GPU loads are the counts themselves. */
    private static final LoadTrace TRACE = TestLoads.trace(new int[]{3, 4}, new int[]{6, 2, 5, 5},
            new int[]{0, 0, 0, 0}, new int[]{1, 3, 0, 0});

    private static LayoutBalance replay(LoadTrace trace) {
        int[][] maps = new int[trace.layers()][];
        Arrays.fill(maps, new int[]{0, 1});
        return Simulation.replay(trace, TWO_GPUS, maps, "contiguous", new EvenSplit());
    }

    @Test
    void everyFigureByItsDefinition() {
        // Step 0: mean 4 max 6, mean 5 max 5. Step 1: nothing. Step 2: mean 2 max 3, and a layer without tokens.
        Balance overall = replay(TRACE).overall();
        double e = 1e-5;
        assertThat(overall.sglang()).isCloseTo(((4 + e) / (6 + e) + 1 + (2 + e) / (3 + e)) / 3, EXACTLY);
        assertThat(overall.vllm()).isCloseTo((9.0 / 11 + 2.0 / 3) / 2, EXACTLY);
        assertThat(overall.tensorRtLlm()).isCloseTo((0.5 + 0 + 0.5) / 3, EXACTLY);
        assertThat(overall.vllmAscend()).isCloseTo((1.5 + 1 + 1.5) / 3, EXACTLY);
        assertThat(overall.weighted()).isCloseTo(14.0 / 11, EXACTLY);
        assertThat(overall.p50()).isCloseTo((11.0 / 9 + 1.5) / 2, EXACTLY);
        assertThat(overall.p99()).isCloseTo(11.0 / 9 + 0.99 * (1.5 - 11.0 / 9), EXACTLY);
    }

    @Test
    void everyLayerByItself() {
        LayoutBalance balance = replay(TRACE);
        assertThat(balance.layers().get(0).weighted()).isCloseTo(9.0 / 6, EXACTLY);
        assertThat(balance.layers().get(0).vllm()).isCloseTo(2.0 / 3, EXACTLY);
        assertThat(balance.layers().get(1)).isEqualTo(new Balance(1, 1, 0, 1, 1, 1, 1));
        // Two steps with tokens.
        assertThat(balance.gpuLoad()).isDeepEqualTo(new double[][]{{3.5, 2.5}, {2.5, 2.5}});
    }

    @Test
    void percentilesOfASingleStepAndOfNone() {
        Balance one = replay(TestLoads.oneLayer(new int[]{3, 1})).overall();
        assertThat(one.p50()).isEqualTo(1.5);
        assertThat(one.p99()).isEqualTo(1.5);
        assertThat(replay(TestLoads.oneLayer(new int[]{0, 0})).overall()).isEqualTo(new Balance(1, 1, 0, 1, 1, 1, 1));
        assertThat(replay(TRACE.slice(0, 0)).gpuLoad()).isDeepEqualTo(new double[2][2]);
    }

    @Test
    void theDefaultLayoutComesFirst() {
        LoadTrace trace = TestLoads.trace(new int[]{3}, new int[]{12, 2, 2, 2});
        PlanProblem problem = PlanProblem.withRedundant(4, 1, 1, 2, 2);
        Plan plan = Planning.plan(problem, trace, new DeepSeekPlanner(), new Plan.Model("m", "t", 4, 1, 1), "d");
        HoldoutSplit split = HoldoutSplit.of(trace, 0);
        SimulationResult result = Simulation.run(split.judged(), plan, new EvenSplit(), split.holdout());
        assertThat(result.dispatch()).isEqualTo("even");
        assertThat(result.before().layout()).isEqualTo("contiguous");
        // Slots 0 1 2 | 3 0 1: 6 + 1 + 2 and 2 + 6 + 1.
        assertThat(result.before().gpuLoad()[0]).containsExactly(9, 9);
        assertThat(result.after().layout()).isEqualTo("deepseek");
        assertThat(result.holdout()).isEqualTo(new Holdout(0, 1, 1, 18, 18));
    }

    @Test
    void onTheWindowItselfReplayAgreesWithTheCertificate() {
        Random random = new Random(6);
        for (int i = 0; i < 200; i++) {
            PlanProblem problem = TestLoads.problem(random);
            LoadTrace trace = TestLoads.trace(random, new int[]{0, 1}, problem.experts(), 1);
            Plan.Model model = new Plan.Model("m", "t", problem.experts(), 1, 1);
            Plan plan = Planning.plan(problem, trace, new DeepSeekPlanner(), model, "d");
            SimulationResult result = Simulation.run(trace, plan, new EvenSplit(), HoldoutSplit.of(trace, 0).holdout());
            for (int layer = 0; layer < 2; layer++) {
                assertThat(result.after().layers().get(layer).vllmAscend())
                        .isCloseTo(plan.layers().get(layer).maxOverMean(), within(1e-9));
            }
        }
    }

    @Test
    void layersAreMatchedByTheirNumber() {
        Plan plan = TestLoads.plan();
        Plan turned = new Plan(plan.model(), plan.recording(), plan.topology(), plan.algorithm(), plan.objective(),
                plan.layers().reversed());
        LoadTrace trace = TestLoads.trace(new Random(1), new int[]{3, 5}, 8, 2);
        Holdout holdout = HoldoutSplit.of(trace, 0).holdout();
        assertThat(Simulation.run(trace, turned, new EvenSplit(), holdout).after().overall())
                .isEqualTo(Simulation.run(trace, plan, new EvenSplit(), holdout).after().overall());
    }

    @Test
    void plansOfOtherModelsAreRefused() {
        Plan plan = TestLoads.plan();
        Holdout holdout = new Holdout(0, 1, 1, 1, 1);
        refused(plan, holdout, TestLoads.trace(new int[]{3, 4}, new int[16]),
                "the recording has MoE layer 4, the plan does not");
        refused(plan, holdout, TestLoads.trace(new int[]{3}, new int[8]),
                "the plan has MoE layer 5, the recording does not");
        refused(plan, holdout, TestLoads.trace(new int[]{3, 5}, new int[8]),
                "the plan is for 8 experts per layer, the recording has 4");
    }

    private static void refused(Plan plan, Holdout holdout, LoadTrace trace, String message) {
        assertThatThrownBy(() -> Simulation.run(trace, plan, new EvenSplit(), holdout)).hasMessage(message);
    }

    @Test
    void sourcesAreAskedForWhereTheRuleTellsThemApart() {
        // Expert 0 on both GPUs, 1 and 2 on one each; rank 0 sends all, and uses its own replica.
        LoadTrace trace = TestLoads.oneLayer(new int[]{8, 2, 2}, new int[]{4, 0, 0});
        SourceCounts sources = new SourceCounts() {
            @Override
            public int ranks() {
                return 2;
            }

            @Override
            public void read(int step, int[][] counts) {
                System.arraycopy(trace.steps().get(step).counts(), 0, counts[0], 0, 3);
                Arrays.fill(counts[1], 0);
            }
        };
        Topology topology = new Topology(1, 2, 2);
        int[][] maps = {{0, 1, 0, 2}};
        assertThat(Simulation.replay(trace, sources, topology, maps, "m", new StaticReplica()).gpuLoad()[0])
                .containsExactly(7, 1);
        assertThat(Simulation.replay(trace, topology, maps, "m", new StaticReplica()).gpuLoad()[0]).containsExactly(4,
                4);
        assertThat(Simulation.replay(trace.slice(1, 2), sources.from(1), topology, maps, "m", new StaticReplica())
                .gpuLoad()[0]).containsExactly(4, 0);
        assertThat(Simulation.replay(trace, sources, topology, maps, "m", new EvenSplit()).gpuLoad()[0])
                .containsExactly(4, 4);
    }

    /** On a planned layout the fullest GPU has replicas, so that a rule that is not applied would show. */
    @Test
    void everyRuleChangesTheBalanceOfAPlan() {
        PlanProblem problem = PlanProblem.withRedundant(64, 1, 2, 8, 16);
        LoadTrace trace = TestLoads.trace(new Random(8), new int[]{0, 1}, 64, 20);
        int[][] maps = new DeepSeekPlanner().plan(problem, trace);
        double even = weighted(trace, problem, maps, new EvenSplit());
        assertThat(weighted(trace, problem, maps, new LeastMaximum())).isLessThan(even);
        for (Dispatch rule : List.of(RandomReplica.random(), new StaticReplica(), new ModuloReplica())) {
            assertThat(weighted(trace, problem, maps, rule)).as(rule.name()).isNotCloseTo(even, within(1e-4));
        }
    }

    private static double weighted(LoadTrace trace, PlanProblem problem, int[][] maps, Dispatch rule) {
        return Simulation.replay(trace, problem.topology(), maps, "deepseek", rule).overall().weighted();
    }

    @Test
    void evenSplitSharesAmongReplicasEvenOnOneGpu() {
        Layout layout = new Layout(new Topology(1, 2, 3), 3, new int[]{0, 0, 1, 0, 1, 2});
        double[] load = {99, 99};
        new EvenSplit().gpuLoad(layout, new int[]{7, 9, 4, 1}, 1, load);
        assertThat(load).containsExactly(6 + 2, 3 + 2 + 1);
        assertThat(List.of(layout.replicas(0), layout.slot(0, 2), layout.expertOf(5))).containsExactly(3, 3, 2);
    }
}
