package io.moeplan.eplb.migration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.moeplan.eplb.LayerPlan;
import io.moeplan.eplb.LoadTrace;
import io.moeplan.eplb.Plan;
import io.moeplan.eplb.PlanProblem;
import io.moeplan.eplb.PlanSummary;
import io.moeplan.eplb.SpareSlots;
import io.moeplan.eplb.TestLoads;
import io.moeplan.eplb.dispatch.EvenSplit;
import io.moeplan.eplb.judge.Simulation;
import io.moeplan.eplb.planfile.Finding;
import io.moeplan.eplb.planfile.PlanCheck;
import io.moeplan.eplb.planner.Planning;
import io.moeplan.eplb.planner.RandomProblems;
import io.moeplan.eplb.search.Objective;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

class MoveLimitTest {
    private static final Objective MEAN = new Objective.Mean();

    @Test
    void neverMoreMovesThanAllowedAndNeverWorseThanNow() {
        Random random = new Random(11);
        int limited = 0;
        for (int i = 0; i < 250; i++) {
            PlanProblem problem = RandomProblems.any(random);
            LoadTrace trace = TestLoads.trace(random, new int[]{2, 9}, problem.experts(), 1);
            Optional<Plan> next = Plans.any(problem, trace);
            if (next.isEmpty()) {
                continue;
            }
            Plan current = Plans.contiguous(problem, trace);
            MoveLimit limit = MoveLimit.between(current, next.get(), trace, MEAN);
            assertThat(limit.fewestMoves()).isLessThanOrEqualTo(limit.fullMoves());
            for (int trial = 0; trial < 4; trial++) {
                long allowed = limit.fewestMoves() + random.nextInt(2 + (int) limit.fullMoves());
                Plan plan = limit.limit(allowed);
                assertThat(Migration.between(current, plan, 1).moves()).isLessThanOrEqualTo(allowed);
                assertThat(PlanCheck.check(plan, Optional.of(trace))).as("%s", problem)
                        .noneMatch(finding -> finding.status() == Finding.Status.FAILS);
                if (limit.fewestMoves() == 0 && allowed < limit.fullMoves()) {
                    for (int layer = 0; layer < 2; layer++) {
                        assertThat(plan.layers().get(layer).maxOverMean())
                                .isLessThanOrEqualTo(current.layers().get(layer).maxOverMean() * (1 + 1e-9));
                    }
                    limited++;
                }
            }
        }
        assertThat(limited).isGreaterThan(100);
    }

    @Test
    void aFewMovesBuyMostOfTheBalance() {
        Random random = new Random(12);
        PlanProblem problem = PlanProblem.withRedundant(128, 1, 1, 16, 16);
        LoadTrace trace = TestLoads.trace(random, new int[]{0, 1, 2}, 128, 4);
        Plan current = Plans.contiguous(problem, trace);
        Plan next = Plans.deepSeek(problem, trace);
        MoveLimit limit = MoveLimit.between(current, next, trace, MEAN);
        List<MoveLimit.Row> table = limit.table(1 << 20);
        assertThat(table).extracting(MoveLimit.Row::share).containsExactly(0.0, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0);
        MoveLimit.Row none = table.getFirst();
        MoveLimit.Row quarter = table.get(4);
        MoveLimit.Row all = table.getLast();
        assertThat(none.moves()).isZero();
        assertThat(none.meanMaxOverMean()).isEqualTo(PlanSummary.of(current).meanMaxOverMean());
        assertThat(all.moves()).isEqualTo(limit.fullMoves());
        assertThat(all.meanMaxOverMean()).isEqualTo(PlanSummary.of(next).meanMaxOverMean());
        for (int i = 1; i < table.size(); i++) {
            assertThat(table.get(i).moves()).isLessThanOrEqualTo(table.get(i).allowed());
            assertThat(table.get(i).bytes()).isEqualTo(table.get(i).moves() << 20);
        }
        double gained = none.meanMaxOverMean() - quarter.meanMaxOverMean();
        assertThat(gained).isGreaterThan(0.9 * (none.meanMaxOverMean() - all.meanMaxOverMean()));
    }

    @Test
    void aLostGpuForcesMovesAndNoMoreThanItsExperts() {
        Random random = new Random(13);
        PlanProblem before = PlanProblem.withRedundant(32, 1, 2, 8, 16);
        LoadTrace trace = TestLoads.trace(random, new int[]{0}, 32, 2);
        Plan current = Plans.contiguous(before, trace);
        PlanProblem after = PlanProblem.withRedundant(32, 1, 2, 8, 10, SpareSlots.FILL, List.of(0));
        assertThat(after.topology()).isEqualTo(before.topology());
        Plan next = Plans.any(after, trace).orElseThrow();
        MoveLimit limit = MoveLimit.between(current, next, trace, MEAN);
        // GPU 0 held 6 experts, each of which has a second replica.
        assertThat(limit.fewestMoves()).isZero();
        Plan kept = limit.limit(0);
        assertThat(kept.layers().getFirst().physicalToLogical()).startsWith(-1, -1, -1, -1, -1, -1);
        // GPU 3 held experts 15 to 19, of which there is no other replica.
        PlanProblem tighter = PlanProblem.withRedundant(32, 1, 2, 8, 3, SpareSlots.FILL, List.of(3));
        Plan other = Plans.any(tighter, trace).orElseThrow();
        Plan full = Plans.contiguous(PlanProblem.withSlotsPerGpu(32, 1, 2, 8, 5), trace);
        assertThat(MoveLimit.between(full, other, trace, MEAN).fewestMoves()).isEqualTo(5);
    }

    @Test
    void tooFewMovesNameTheFewest() {
        LoadTrace trace = TestLoads.trace(new Random(14), new int[]{0}, 8, 2);
        Plan current = Plans.contiguous(PlanProblem.withSlotsPerGpu(8, 1, 1, 4, 2), trace);
        Plan next = Plans.any(PlanProblem.withSlotsPerGpu(8, 1, 1, 4, 4), trace).orElseThrow();
        MoveLimit limit = MoveLimit.between(current, next, trace, MEAN);
        assertThat(limit.fewestMoves()).isEqualTo(8);
        assertThatThrownBy(() -> limit.limit(3))
                .hasMessage("the current plan cannot serve what the new one is for within 3"
                        + " moves: use --max-moves 8 or more");
        assertThat(limit.table(1).getFirst().moves()).isEqualTo(8);
    }

    @Test
    void layersKeepTheirOwnNumberOfSlots() {
        LoadTrace trace = TestLoads.trace(new Random(15), new int[]{0, 1}, 8, 2);
        PlanProblem problem = PlanProblem.withSlotsPerGpu(8, 1, 1, 4, 3);
        Plan current = Plans.contiguous(problem, trace);
        List<LayerPlan> layers = List.of(
                Plans.any(problem.withSlotsPerGpu(2), trace.layer(0)).orElseThrow().layers().getFirst(),
                Plans.any(problem.withSlotsPerGpu(4), trace.layer(1)).orElseThrow().layers().getFirst());
        Plan next = current.withLayers(layers);
        MoveLimit limit = MoveLimit.between(current, next, trace, MEAN);
        Plan plan = limit.limit(limit.fewestMoves());
        assertThat(plan.layers()).extracting(layer -> layer.physicalToLogical().length).containsExactly(8, 16);
        assertThat(PlanCheck.holds(PlanCheck.check(plan, Optional.of(trace)))).isTrue();
    }

    /** Two halves of the experts are hot in turns: evenly loaded on the mean, unevenly in every step. */
    private static LoadTrace turns() {
        Random random = new Random(16);
        int[][] steps = new int[60][32];
        for (int step = 0; step < steps.length; step++) {
            double turn = Math.sin(2 * Math.PI * step / 20);
            for (int e = 0; e < 32; e++) {
                double mean = 400 * Math.exp(0.8 * turn * (e < 16 ? 1 : -1));
                steps[step][e] = (int) Math.max(0, mean + Math.sqrt(mean) * random.nextGaussian());
            }
        }
        return TestLoads.trace(new int[]{0}, steps);
    }

    @Test
    void fewMovesGoWhereStepsNeedThemWhereStepsCount() {
        LoadTrace trace = turns();
        PlanProblem problem = PlanProblem.withSlotsPerGpu(32, 1, 1, 8, 4);
        Plan current = Plans.contiguous(problem, trace);
        int[] mixed = new int[32];
        for (int slot = 0; slot < 32; slot++) {
            mixed[slot] = slot % 2 == 0 ? slot / 2 : 16 + slot / 2;
        }
        Plan next = current.withLayers(List.of(Planning.certify(problem, 0, mixed, trace.totals(0))));
        double now = stepExcess(trace, current);
        Plan onMean = MoveLimit.between(current, next, trace, MEAN).limit(8);
        Plan onSteps = MoveLimit.between(current, next, trace, new Objective.Steps()).limit(8);
        assertThat(Migration.between(current, onSteps, 1).moves()).isLessThanOrEqualTo(8);
        assertThat(stepExcess(trace, onSteps)).isLessThan(0.9 * now).isLessThan(stepExcess(trace, onMean));
        List<MoveLimit.Row> table = MoveLimit.between(current, next, trace, new Objective.Steps()).table(1);
        for (int i = 1; i < table.size() - 1; i++) {
            assertThat(table.get(i).meanCost()).isLessThanOrEqualTo(table.get(i - 1).meanCost() + 1e-9);
        }
    }

    private static double stepExcess(LoadTrace trace, Plan plan) {
        int[][] maps = {plan.layers().getFirst().physicalToLogical()};
        return Simulation.replay(trace, plan.topology(), maps, "any", new EvenSplit()).overall().weighted() - 1;
    }
}
