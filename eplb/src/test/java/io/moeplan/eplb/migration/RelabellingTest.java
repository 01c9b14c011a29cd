package io.moeplan.eplb.migration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.moeplan.eplb.Layout;
import io.moeplan.eplb.LoadTrace;
import io.moeplan.eplb.Plan;
import io.moeplan.eplb.PlanProblem;
import io.moeplan.eplb.Requirements;
import io.moeplan.eplb.TestLoads;
import io.moeplan.eplb.dispatch.EvenSplit;
import io.moeplan.eplb.planfile.Finding;
import io.moeplan.eplb.planfile.PlanCheck;
import io.moeplan.eplb.planner.RandomProblems;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

class RelabellingTest {
    /** A plan whose GPUs were only renamed goes back without a move, whole nodes with pinned groups. */
    @Test
    void aRenamedPlanTakesNoMoves() {
        Random random = new Random(3);
        PlanProblem free = PlanProblem.withRedundant(64, 1, 2, 16, 16);
        PlanProblem pinned = PlanProblem.withRedundant(64, 8, 4, 16, 16);
        for (PlanProblem problem : List.of(free, pinned)) {
            LoadTrace trace = TestLoads.trace(random, new int[]{0, 1}, 64, 2);
            Plan plan = Plans.deepSeek(problem, trace);
            int[] map = plan.layers().getFirst().physicalToLogical();
            int[] renamed = shuffled(problem, map, random);
            int[] back = Relabelling.relabel(problem, problem.topology(), map, renamed);
            assertThat(back).isEqualTo(map);
        }
    }

    /** Nodes (of pinned problems) and the GPUs in them in another order. */
    private static int[] shuffled(PlanProblem problem, int[] map, Random random) {
        int nodes = problem.hierarchical() ? problem.topology().nodes() : 1;
        int gpus = problem.topology().gpus() / nodes;
        int slots = problem.topology().slotsPerGpu();
        List<Integer> order = new ArrayList<>();
        for (int node : permutation(nodes, random)) {
            permutation(gpus, random).forEach(gpu -> order.add(node * gpus + gpu));
        }
        int[] renamed = new int[map.length];
        for (int gpu = 0; gpu < order.size(); gpu++) {
            System.arraycopy(map, order.get(gpu) * slots, renamed, gpu * slots, slots);
        }
        return renamed;
    }

    private static List<Integer> permutation(int n, Random random) {
        List<Integer> numbers = new ArrayList<>();
        for (int i = 0; i < n; i++) {
            numbers.add(i);
        }
        Collections.shuffle(numbers, random);
        return numbers;
    }

    /** Whatever the problem: the same GPUs under other names, never more moves, all requirements kept. */
    @Test
    void renamingChangesNothingButNames() {
        Random random = new Random(4);
        int compared = 0;
        for (int i = 0; i < 1500; i++) {
            PlanProblem problem = RandomProblems.any(random);
            LoadTrace trace = TestLoads.trace(random, new int[]{2}, problem.experts(), 1);
            Optional<Plan> next = Plans.any(problem, trace);
            if (next.isEmpty()) {
                continue;
            }
            Plan current = Plans.contiguous(problem, TestLoads.trace(random, new int[]{2}, problem.experts(), 1));
            Plan renamed = Relabelling.relabel(current, next.get());
            assertThat(PlanCheck.check(renamed, Optional.of(trace))).as("%s", problem)
                    .noneMatch(finding -> finding.status() == Finding.Status.FAILS);
            assertThat(sortedLoads(renamed, trace)).containsExactly(sortedLoads(next.get(), trace), within(1e-9));
            assertThat(Migration.between(current, renamed, 10).moves())
                    .isLessThanOrEqualTo(Migration.between(current, next.get(), 10).moves());
            compared++;
        }
        assertThat(compared).isGreaterThan(700);
    }

    private static double[] sortedLoads(Plan plan, LoadTrace trace) {
        Layout layout = new Layout(plan.topology(), trace.experts(), plan.layers().getFirst().physicalToLogical());
        return Arrays.stream(EvenSplit.gpuLoad(layout, trace.totals(0))).sorted().toArray();
    }

    @Test
    void expertsThatStayKeepTheirPosition() {
        assertThat(Relabelling.inPlace(new int[]{4, 7, 9}, new int[]{9, 1, 4})).containsExactly(4, 1, 9);
        assertThat(Relabelling.inPlace(new int[]{4, 7}, new int[]{7, 4, 7})).containsExactly(4, 7, 7);
        assertThat(Relabelling.inPlace(new int[]{-1, 2, 5}, new int[]{5, -1})).containsExactly(-1, 5);
    }

    @Test
    void movesAreCountedPerSlot() {
        PlanProblem problem = PlanProblem.withRedundant(4, 1, 1, 2, 2);
        int[] map = {0, 1, 2, 3, 0, 1};
        assertThat(Migration.moves(4, problem.topology(), map, problem.topology(), map)).isZero();
        assertThat(Migration.moves(4, problem.topology(), map, problem.topology(), new int[]{2, 1, 0, 2, 3, 1}))
                .isEqualTo(1);
        LoadTrace trace = TestLoads.oneLayer(new int[]{1, 2, 3, 4});
        Plan plan = Plans.contiguous(problem, trace);
        Migration migration = Migration.between(plan, Plans.deepSeek(problem, trace), 100);
        assertThat(migration.bytes()).isEqualTo(100 * migration.moves());
        assertThat(migration.layers()).singleElement()
                .isEqualTo(new Migration.LayerMoves(0, Math.toIntExact(migration.moves())));
    }

    @Test
    void otherGpusAreRefused() {
        LoadTrace trace = TestLoads.oneLayer(new int[]{1, 2, 3, 4});
        Plan two = Plans.contiguous(PlanProblem.withRedundant(4, 1, 1, 2, 0), trace);
        Plan four = Plans.contiguous(PlanProblem.withRedundant(4, 1, 1, 4, 0), trace);
        assertThatThrownBy(() -> Relabelling.relabel(two, four))
                .hasMessage("the current plan is for 1 nodes x 2 GPUs, the"
                        + " new one for 1 x 4: experts can only stay where the GPUs are the same");
        Plan other = Plans.contiguous(PlanProblem.withRedundant(4, 1, 1, 2, 0), TestLoads.trace(new int[]{7},
                new int[]{1, 2, 3, 4}));
        assertThatThrownBy(() -> Migration.between(two, other, 1))
                .hasMessage("the current plan has other MoE layers than the new one");
    }

    @Test
    void nodesStayWholeWhereOneMayBeLost() {
        PlanProblem usual = PlanProblem.withRedundant(8, 1, 2, 4, 8);
        Requirements requirements = usual.requirements().surviving(0, 1);
        LoadTrace trace = TestLoads.trace(new Random(5), new int[]{0}, 8, 1);
        Plan next = Plans.any(usual.with(requirements), trace).orElseThrow();
        Plan renamed = Relabelling.relabel(Plans.contiguous(usual, trace), next);
        assertThat(PlanCheck.holds(PlanCheck.check(renamed, Optional.of(trace)))).isTrue();
    }
}
