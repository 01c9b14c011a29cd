package io.moeplan.eplb.planner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.moeplan.eplb.LayerPlan;
import io.moeplan.eplb.LoadTrace;
import io.moeplan.eplb.Plan;
import io.moeplan.eplb.PlanProblem;
import io.moeplan.eplb.TestLoads;
import io.moeplan.eplb.planfile.Finding;
import io.moeplan.eplb.planfile.PlanCheck;
import io.moeplan.eplb.search.Objective;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

class PlannersTest {
    /** All of them, search with a budget for small problems. */
    private static final List<Planner> PLANNERS = List.of(
            new SearchPlanner(new Objective.Steps(), Duration.ofMillis(1), SearchPlanner.GAP, 0), new DeepSeekPlanner(),
            new TensorRtLlmPlanner(), new ContiguousPlanner());

    @Test
    void plannersAreFoundByName() {
        for (Planner planner : Planners.all()) {
            assertThat(Planners.named(planner.name())).isSameAs(planner);
        }
        assertThatThrownBy(() -> Planners.named("magic"))
                .hasMessage("unknown planner \"magic\": use search or deepseek or trtllm or contiguous");
    }

    @Test
    void contiguousRepeatsTheFirstExperts() {
        assertThat(ContiguousPlanner.layout(4, 6)).containsExactly(0, 1, 2, 3, 0, 1);
    }

    /** Whatever is asked for: every slot is filled, no expert is missing, and no plan beats the bound. */
    @Test
    void plansAreLayoutsAndNeverBeatTheBound() {
        Random random = new Random(20);
        for (int i = 0; i < 10_000; i++) {
            PlanProblem problem = TestLoads.problem(random);
            LoadTrace trace = TestLoads.trace(random, new int[]{1, 4}, problem.experts(), 1 + random.nextInt(3));
            Plan.Model model = new Plan.Model("m", "t", problem.experts(), 1, problem.groups());
            for (Planner planner : PLANNERS) {
                if (planner instanceof SearchPlanner && tooFewExpertsOnANode(problem)) {
                    continue;
                }
                // Planning certifies, which refuses a map that is no layout.
                Plan plan = Planning.plan(problem, trace, planner, model, "d");
                assertThat(PlanCheck.check(plan, Optional.of(trace))).filteredOn(
                        finding -> finding.status() == Finding.Status.FAILS).isEmpty();
                assertThat(plan.layers()).hasSize(2);
                for (LayerPlan layer : plan.layers()) {
                    assertThat(layer.maxOverMean()).isGreaterThanOrEqualTo(layer.lowerBound() * (1 - 1e-12));
                    assertThat(layer.gap()).isBetween(0.0, (double) problem.topology().gpus());
                    assertThat(layer.balancedness()).isEqualTo(1 / layer.maxOverMean());
                }
            }
        }
    }

    /** With groups pinned, a GPU with more slots than its node has experts holds one twice, which only deepseek does. */
    private static boolean tooFewExpertsOnANode(PlanProblem problem) {
        return problem.hierarchical()
                && problem.topology().slotsPerGpu() > problem.experts() / problem.topology().nodes();
    }

    @Test
    void hierarchicalPlansKeepGroupsOnTheirNode() {
        Random random = new Random(21);
        PlanProblem problem = PlanProblem.withRedundant(64, 8, 4, 16, 16);
        int[][] maps = new DeepSeekPlanner().plan(problem, TestLoads.trace(random, new int[]{0, 1, 2}, 64, 2));
        for (int[] map : maps) {
            int[] nodeOfGroup = new int[8];
            Arrays.fill(nodeOfGroup, -1);
            for (int slot = 0; slot < map.length; slot++) {
                int node = problem.topology().nodeOf(problem.topology().gpuOf(slot));
                int group = map[slot] / 8;
                assertThat(nodeOfGroup[group]).isIn(-1, node);
                nodeOfGroup[group] = node;
            }
        }
    }

    @Test
    void aLayerWithoutTokensIsEven() {
        PlanProblem problem = PlanProblem.withRedundant(8, 1, 1, 4, 8);
        LayerPlan layer = Planning.certify(problem, 2, ContiguousPlanner.layout(8, 16), new long[8]);
        assertThat(layer.balancedness()).isEqualTo(1);
        assertThat(layer.maxOverMean()).isEqualTo(1);
        assertThat(layer.lowerBound()).isEqualTo(1);
        assertThat(layer.gap()).isZero();
    }

    @Test
    void certificatesByHand() {
        // GPU 0 holds experts 0 and 1, GPU 1 experts 2 and 0: 10/2 + 1 = 6 and 3 + 10/2 = 8 tokens, mean 7.
        PlanProblem problem = PlanProblem.withRedundant(3, 1, 1, 2, 1);
        LayerPlan layer = Planning.certify(problem, 0, new int[]{0, 1, 2, 0}, new long[]{10, 1, 3});
        assertThat(layer.maxOverMean()).isEqualTo(8.0 / 7);
        assertThat(layer.balancedness()).isEqualTo(7.0 / 8);
        assertThat(layer.lowerBound()).isEqualTo(1);
        assertThat(layer.gap()).isEqualTo(8.0 / 7 - 1);
    }

    @Test
    void aTraceThatDoesNotFitIsRefused() {
        PlanProblem problem = PlanProblem.withRedundant(8, 1, 1, 4, 0);
        LoadTrace other = TestLoads.trace(new Random(1), new int[]{0}, 16, 1);
        LoadTrace empty = other.slice(0, 0);
        Plan.Model model = new Plan.Model("m", "t", 8, 1, 1);
        assertThatThrownBy(() -> Planning.plan(problem, other, new ContiguousPlanner(), model, "d"))
                .hasMessage("the recording has 16 experts per layer, the plan is for 8");
        assertThatThrownBy(() -> Planning.plan(PlanProblem.withRedundant(16, 1, 1, 4, 0), empty,
                new ContiguousPlanner(), model, "d")).hasMessage("the recording has no steps to plan on");
    }
}
