package io.moeplan.eplb.planner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.moeplan.eplb.Layout;
import io.moeplan.eplb.LoadTrace;
import io.moeplan.eplb.Plan;
import io.moeplan.eplb.PlanProblem;
import io.moeplan.eplb.TestLoads;
import io.moeplan.eplb.Topology;
import java.util.Random;
import org.junit.jupiter.api.Test;

class DistinctReplicasTest {
    @Test
    void aLayoutWithoutDuplicatesStaysAsItIs() {
        int[] map = {0, 1, 2, 0, 1, 3};
        Topology topology = new Topology(1, 2, 3);
        assertThat(DistinctReplicas.neededFor(topology, 4, map)).isFalse();
        assertThat(DistinctReplicas.repair(topology, 4, map)).containsExactly(map);
    }

    @Test
    void aDuplicateIsSwappedForTheLoadThatFitsBest() {
        // GPU 0 has expert 0 twice and 90 tokens, GPU 1 has 50. Swapped for expert 2 they have 55 and 85; for expert
        // 1 the same but from another position; for expert 3 as before.
        Topology topology = new Topology(1, 2, 3);
        int[] mended = DistinctReplicas.repair(topology, new int[]{0, 0, 4, 1, 2, 3}, new double[]{80, 5, 5, 40, 10});
        assertThat(mended).containsExactly(0, 2, 4, 1, 0, 3);
    }

    @Test
    void aSwapStaysOnTheNodeIfItCan() {
        Topology topology = new Topology(2, 2, 2);
        int[] mended = DistinctReplicas.repair(topology, 6, new int[]{0, 0, 1, 2, 3, 4, 5, 3});
        assertThat(DistinctReplicas.neededFor(topology, 6, mended)).isFalse();
        assertThat(mended).endsWith(3, 4, 5, 3);
    }

    @Test
    void moreReplicasThanGpusAreGivenAway() {
        // What DeepSeek's planner makes of a layer without tokens.
        Topology topology = new Topology(1, 2, 3);
        int[] mended = DistinctReplicas.repair(topology, 4, new int[]{0, 1, 2, 3, 0, 0});
        assertThat(DistinctReplicas.neededFor(topology, 4, mended)).isFalse();
        assertThat(mended).contains(0, 1, 2, 3);
    }

    @Test
    void everyLayoutCanBeMended() {
        Random random = new Random(5);
        int mended = 0;
        for (int i = 0; i < 2000; i++) {
            PlanProblem problem = TestLoads.problem(random);
            int[] map = random.ints(problem.topology().slots(), 0, problem.experts()).toArray();
            for (int e = 0; e < problem.experts(); e++) {
                map[e] = e;
            }
            boolean needed = DistinctReplicas.neededFor(problem.topology(), problem.experts(), map);
            int[] result = DistinctReplicas.repair(problem.topology(), problem.experts(), map);
            assertThat(DistinctReplicas.neededFor(problem.topology(), problem.experts(), result)).isFalse();
            // Refuses what is no layout.
            new Layout(problem.topology(), problem.experts(), result);
            mended += needed ? 1 : 0;
        }
        assertThat(mended).isGreaterThan(500);
    }

    @Test
    void aMendedPlanIsCertifiedAnew() {
        PlanProblem problem = PlanProblem.withRedundant(4, 1, 1, 2, 2);
        LoadTrace trace = TestLoads.oneLayer(new int[]{1000, 1, 1, 1});
        Plan plan = Planning.plan(problem, trace, new DeepSeekPlanner(), new Plan.Model("m", "t", 4, 1, 1), "d");
        Plan mended = DistinctReplicas.repair(plan, trace);
        int[] map = mended.layers().getFirst().physicalToLogical();
        assertThat(DistinctReplicas.neededFor(problem.topology(), 4, map)).isFalse();
        assertThat(mended.algorithm()).isEqualTo("deepseek+distinct");
        assertThat(mended.layers().getFirst().maxOverMean()).isLessThan(plan.layers().getFirst().maxOverMean());
        assertThat(DistinctReplicas.repair(mended, trace)).isSameAs(mended);
    }

    @Test
    void moreSlotsThanExpertsCannotBeDistinct() {
        assertThatThrownBy(() -> DistinctReplicas.repair(new Topology(1, 1, 3), 2, new int[]{0, 1, 0}))
                .hasMessageContaining("3 different of 2 experts");
    }
}
