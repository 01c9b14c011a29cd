package io.moeplan.eplb.migration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.moeplan.eplb.ImpossiblePlanException;
import io.moeplan.eplb.LoadTrace;
import io.moeplan.eplb.Plan;
import io.moeplan.eplb.PlanProblem;
import io.moeplan.eplb.PlanSummary;
import io.moeplan.eplb.TestLoads;
import io.moeplan.eplb.planfile.Finding;
import io.moeplan.eplb.planfile.PlanCheck;
import io.moeplan.eplb.search.Objective;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

class SurvivalTest {
    private static final Objective MEAN = new Objective.Mean();

    /** With exactly one redundant replica per expert and more: every plan can be made to survive, and checks say so. */
    @Test
    void anyPlanWithRoomSurvives() {
        Random random = new Random(21);
        for (int i = 0; i < 150; i++) {
            int nodes = 2 + random.nextInt(2);
            int gpus = nodes * (1 + random.nextInt(3));
            int slotsPerGpu = 2 + random.nextInt(6);
            int experts = slotsPerGpu + random.nextInt(Math.max(1, gpus * slotsPerGpu / 2 - slotsPerGpu + 1));
            if (gpus * slotsPerGpu < 2 * experts) {
                continue;
            }
            PlanProblem problem = PlanProblem.withSlotsPerGpu(experts, 1, nodes, gpus, slotsPerGpu);
            LoadTrace trace = TestLoads.trace(random, new int[]{0, 3}, experts, 1);
            Plan plan = Plans.deepSeek(problem, trace);
            for (FailureDomain domain : FailureDomain.values()) {
                Plan safe = Survival.ensure(plan, trace, 1, domain, MEAN);
                assertThat(PlanCheck.check(safe, Optional.of(trace))).as("%s", problem)
                        .noneMatch(finding -> finding.status() == Finding.Status.FAILS);
                assertThat(Survival.cases(safe, trace, domain)).hasSize(domain == FailureDomain.GPU ? gpus : nodes)
                        .allMatch(loss -> loss.expertsLost() == 0)
                        .allMatch(loss -> loss.worstMaxOverMean() >= loss.meanMaxOverMean());
            }
        }
    }

    @Test
    void pinnedGroupsSurviveTheLossOfAGpu() {
        PlanProblem problem = PlanProblem.withSlotsPerGpu(32, 4, 2, 8, 10);
        LoadTrace trace = TestLoads.trace(new Random(22), new int[]{0, 1, 2}, 32, 2);
        Plan safe = Survival.ensure(Plans.deepSeek(problem, trace), trace, 1, FailureDomain.GPU, MEAN);
        assertThat(PlanCheck.check(safe, Optional.of(trace)))
                .contains(new Finding(Finding.Status.HOLDS, "each of 4 groups lies on one node"),
                        new Finding(Finding.Status.HOLDS, "every expert keeps a replica whichever GPU is lost"))
                .noneMatch(finding -> finding.status() == Finding.Status.FAILS);
    }

    @Test
    void survivalCostsLittleBalance() {
        PlanProblem problem = PlanProblem.withSlotsPerGpu(64, 1, 2, 16, 10);
        LoadTrace trace = TestLoads.trace(new Random(23), new int[]{0, 1, 2, 3}, 64, 4);
        Plan plan = Plans.deepSeek(problem, trace);
        assertThat(Survival.cases(plan, trace, FailureDomain.GPU)).anyMatch(loss -> loss.expertsLost() > 0);
        Plan safe = Survival.ensure(plan, trace, 1, FailureDomain.GPU, MEAN);
        assertThat(safe.algorithm()).isEqualTo("deepseek+survive");
        assertThat(PlanSummary.of(safe).meanMaxOverMean()).isLessThan(1.01);
        assertThat(PlanSummary.of(Survival.ensure(plan, trace, 1, FailureDomain.NODE, MEAN)).meanMaxOverMean())
                .isLessThan(1.01);
        // What survives already stays as it is.
        Plan again = Survival.ensure(safe, trace, 1, FailureDomain.GPU, MEAN);
        assertThat(again).usingRecursiveComparison().isEqualTo(safe);
    }

    @Test
    void whatItTakesIsSaid() {
        LoadTrace trace = TestLoads.trace(new Random(24), new int[]{0}, 32, 1);
        Plan plan = Plans.deepSeek(PlanProblem.withRedundant(32, 1, 2, 8, 16), trace);
        assertThatThrownBy(() -> Survival.ensure(plan, trace, 1, FailureDomain.NODE, MEAN))
                .isInstanceOf(ImpossiblePlanException.class)
                .hasMessage(
                        "to survive the loss of 1 node each of 32 experts needs 2 replicas: use at least --redundant 32"
                                + " (there are 16)");
        assertThatThrownBy(() -> Survival.ensure(plan, TestLoads.trace(new Random(1), new int[]{1}, 32, 1), 1,
                FailureDomain.GPU, MEAN)).hasMessage("the recording has other MoE layers or experts than the plan");
    }

    @Test
    void casesByHand() {
        // GPU 0 holds experts 0 and 1, GPU 1 experts 2 and 0, GPU 2 experts 1 and 2; 6, 4 and 2 tokens.
        PlanProblem problem = PlanProblem.withRedundant(3, 1, 1, 3, 3);
        LoadTrace trace = TestLoads.oneLayer(new int[]{6, 4, 2});
        Plan plan = Plans.contiguous(problem, trace);
        List<Survival.Case> cases = Survival.cases(plan, trace, FailureDomain.GPU);
        // Without GPU 0: 1 + 6 and 4 + 1, mean 6.
        assertThat(cases.getFirst()).isEqualTo(new Survival.Case(0, 0, 7.0 / 6, 7.0 / 6));
        Survival.Case node = Survival.cases(plan, trace, FailureDomain.NODE).getFirst();
        assertThat(node).isEqualTo(new Survival.Case(0, 3, 1, 1));
    }
}
