package io.moeplan.eplb.planner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.moeplan.eplb.GroupPlacement;
import io.moeplan.eplb.ImpossiblePlanException;
import io.moeplan.eplb.LoadTrace;
import io.moeplan.eplb.Plan;
import io.moeplan.eplb.PlanProblem;
import io.moeplan.eplb.Requirements;
import io.moeplan.eplb.SpareSlots;
import io.moeplan.eplb.TestLoads;
import io.moeplan.eplb.planfile.Finding;
import io.moeplan.eplb.planfile.PlanCheck;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/** Problems beyond full GPUs: spare slots, absent GPUs, pinned groups, losses. */
class DeploymentTest {
    private static final List<Integer> NONE = List.of();

    @Test
    void anyNumberOfRedundantExpertsIsPossible() {
        PlanProblem filled = PlanProblem.withRedundant(32, 1, 1, 8, 3, SpareSlots.FILL, NONE);
        assertThat(filled.topology().slotsPerGpu()).isEqualTo(5);
        assertThat(filled.redundant()).isEqualTo(8);
        assertThat(filled).isEqualTo(PlanProblem.withRedundant(32, 1, 1, 8, 8));
        PlanProblem empty = PlanProblem.withRedundant(32, 1, 2, 8, 3, SpareSlots.EMPTY, NONE);
        assertThat(empty.redundant()).isEqualTo(3);
        assertThat(empty.requirements().empty()).isEqualTo(5);
        assertThat(empty.mostReplicas()).isEqualTo(4);
        // Three GPUs have a fifth expert, and nodes take turns.
        assertThat(empty.capacity()).containsExactly(5, 5, 4, 4, 5, 4, 4, 4);
    }

    @Test
    void filledSlotsAreSpreadOverAllSlots() {
        PlanProblem problem = PlanProblem.withRedundant(4, 1, 1, 4, 2, SpareSlots.EMPTY, List.of(1));
        assertThat(problem.inSlots(new int[]{3, 2, 1, 0, 2, 3})).containsExactly(3, 2, -1, -1, 1, 0, 2, 3);
        PlanProblem spare = PlanProblem.withRedundant(4, 1, 1, 4, 1, SpareSlots.EMPTY, List.of(1));
        assertThat(ContiguousPlanner.layout(spare)).containsExactly(0, 1, -1, -1, 2, 3, 0, -1);
    }

    @Test
    void absentGpusHaveNoSlots() {
        PlanProblem problem = PlanProblem.withRedundant(32, 1, 2, 8, 3, SpareSlots.FILL, List.of(6, 1, 6));
        assertThat(problem.requirements().absent()).containsExactly(1, 6);
        assertThat(problem.presentGpus()).isEqualTo(6);
        assertThat(problem.presentGpus(1)).isEqualTo(3);
        assertThat(problem.topology().slotsPerGpu()).isEqualTo(6);
        assertThat(problem.capacity()).containsExactly(6, 0, 6, 6, 6, 6, 0, 6);
        refused(() -> PlanProblem.withRedundant(32, 1, 1, 8, 0, SpareSlots.FILL, List.of(8)),
                "absent GPU 8 is none of 0 to 7, which --gpus counts");
        refused(() -> PlanProblem.withRedundant(32, 1, 1, 2, 0, SpareSlots.FILL, List.of(0, 1)),
                "all 2 GPUs are absent: leave at least one");
        refused(() -> full(32, 1, 1, 8, 4).with(free().withAbsent(List.of(3))),
                "7 present GPUs x 4 slots = 28 slots do not hold 32 experts: use --slots-per-gpu 5 or more");
    }

    @Test
    void noGpuStaysWithoutAnExpert() {
        refused(() -> PlanProblem.withRedundant(4, 1, 1, 8, 2, SpareSlots.EMPTY, NONE), "8 GPUs x 1 slots - 2 empty = 6"
                + " filled slots leave 2 GPUs without any expert: fill the spare slots, or use at least --redundant 4");
    }

    @Test
    void pinnedGroupsNeedRoomOnTheNodes() {
        assertThat(full(256, 8, 4, 32, 9).hierarchical()).isTrue();
        Requirements oneGone = full(256, 8, 4, 32, 9).requirements().withAbsent(List.of(0));
        refused(() -> full(256, 8, 4, 32, 9).with(oneGone), "only 7 of 8 groups of 32 experts fit whole onto the nodes:"
                + " use --slots-per-gpu 10 or more, or leave groups free (--groups 1)");
        assertThat(full(256, 8, 4, 32, 9).with(oneGone.withGroups(GroupPlacement.FREE)).redundant()).isEqualTo(23);
        // Each node has one group of 2 experts, so no GPU can hold 3 different ones.
        PlanProblem twice = full(8, 4, 4, 4, 3);
        refused(() -> twice.with(twice.requirements().withDistinct(true)),
                "4 groups of 2 experts pinned to nodes do not"
                        + " fill 3 slots per GPU without an expert twice on one: leave groups free (--groups 1) or use fewer slots"
                        + " or nodes");
    }

    @Test
    void survivalNamesTheFewestRedundantExperts() {
        PlanProblem problem = full(16, 1, 2, 8, 3);
        refused(() -> problem.with(free().surviving(1, 0)), "to survive the loss of 1 GPU each of 16 experts needs 2"
                + " replicas: use at least --redundant 16 (there are 8)");
        assertThat(full(16, 1, 2, 8, 4).with(free().surviving(1, 1)).redundant()).isEqualTo(16);
        refused(() -> full(16, 1, 2, 8, 4).with(free().surviving(0, 2)),
                "no plan survives the loss of 2 of 2 nodes: use at most 1");
        refused(() -> full(16, 2, 2, 8, 4).with(full(16, 2, 2, 8, 4).requirements().surviving(0, 1)),
                "experts whose group is pinned to one node are lost with it: leave groups free (--groups 1) to survive the"
                        + " loss of a node");
        PlanProblem lopsided = full(8, 1, 2, 4, 8).with(free().withAbsent(List.of(1)));
        assertThat(lopsided.with(lopsided.requirements().surviving(0, 1)).redundant()).isEqualTo(16);
        PlanProblem small = full(16, 1, 2, 8, 8);
        Requirements threeGone = free().withAbsent(List.of(0, 1, 2)).surviving(0, 1);
        refused(() -> small.with(threeGone),
                "the nodes hold 24 different experts in all, surviving the loss of 1 takes 32:"
                        + " use more slots per GPU or nodes of like size");
    }

    @Test
    void theReferenceOnlyDoesWhatItCan() {
        DeepSeekPlanner reference = new DeepSeekPlanner();
        LoadTrace trace = TestLoads.trace(new Random(2), new int[]{0}, 32, 1);
        assertThatThrownBy(
                () -> reference.plan(PlanProblem.withRedundant(32, 1, 2, 8, 3, SpareSlots.EMPTY, NONE), trace))
                .isInstanceOf(ImpossiblePlanException.class)
                .hasMessage("the reference planner deepseek fills every slot"
                        + " of every GPU: for absent GPUs or empty slots use --algorithm search");
        PlanProblem pinned = full(32, 8, 4, 8, 5);
        int[] free = reference.plan(pinned.with(free()), trace)[0];
        assertThat(free).isEqualTo(reference.plan(full(32, 1, 4, 8, 5), trace)[0])
                .isNotEqualTo(reference.plan(pinned, trace)[0]);
    }

    @Test
    void distinctReferencePlansKeepGroupsPinned() {
        Random random = new Random(5);
        int mended = 0;
        for (int i = 0; i < 200; i++) {
            PlanProblem usual = full(16, 4, 2, 8, 4);
            PlanProblem problem = usual.with(usual.requirements().withDistinct(true));
            LoadTrace trace = TestLoads.trace(random, new int[]{0, 1}, 16, 1);
            Plan plan = Planning.plan(problem, trace, new DeepSeekPlanner(), new Plan.Model("m", "t", 16, 2, 4), "d");
            assertThat(plan.requirements()).isEqualTo(problem.requirements());
            assertThat(PlanCheck.holds(PlanCheck.check(plan, Optional.of(trace)))).isTrue();
            mended += plan.algorithm().equals("deepseek+distinct") ? 1 : 0;
        }
        assertThat(mended).isGreaterThan(5);
    }

    @Test
    void layerBudgetsShareTheSlotsWhereTheyHelp() {
        int[] even = new int[16];
        Arrays.fill(even, 10);
        int[] skewed = new int[16];
        Arrays.fill(skewed, 1);
        skewed[3] = 100;
        skewed[9] = 80;
        int[] counts = new int[48];
        System.arraycopy(even, 0, counts, 0, 16);
        System.arraycopy(skewed, 0, counts, 16, 16);
        System.arraycopy(even, 0, counts, 32, 16);
        LoadTrace trace = TestLoads.trace(new int[]{0, 1, 2}, counts);
        PlanProblem problem = full(16, 1, 1, 4, 5);
        int[] budgets = LayerBudgets.slotsPerGpu(problem, trace);
        assertThat(budgets).containsExactly(4, 7, 4);
        Plan plan = Planning.planWithLayerBudgets(problem, trace, new DeepSeekPlanner(),
                new Plan.Model("m", "t", 16, 2, 1), "d");
        assertThat(plan.layers()).extracting(layer -> layer.physicalToLogical().length).containsExactly(16, 28, 16);
        assertThat(PlanCheck.check(plan, Optional.of(trace)))
                .contains(new Finding(Finding.Status.HOLDS, "the layers share 15 slots per GPU unevenly"))
                .noneMatch(finding -> finding.status() == Finding.Status.FAILS);
        refused(() -> LayerBudgets.slotsPerGpu(PlanProblem.withRedundant(16, 1, 1, 4, 3, SpareSlots.EMPTY, NONE),
                trace),
                "per-layer budgets fill every slot: fill the spare slots");
    }

    @Test
    void evenLayersKeepEvenBudgets() {
        LoadTrace trace = TestLoads.trace(new int[]{0, 1}, new int[16]);
        assertThat(LayerBudgets.slotsPerGpu(full(8, 1, 1, 4, 3), trace)).containsExactly(3, 3);
    }

    private static Requirements free() {
        return new Requirements(0, NONE, GroupPlacement.FREE, false, 0, 0);
    }

    private static PlanProblem full(int experts, int groups, int nodes, int gpus, int slotsPerGpu) {
        return PlanProblem.withSlotsPerGpu(experts, groups, nodes, gpus, slotsPerGpu);
    }

    private static void refused(ThrowingCallable request, String message) {
        assertThatThrownBy(request).isInstanceOf(ImpossiblePlanException.class).hasMessage(message);
    }
}
