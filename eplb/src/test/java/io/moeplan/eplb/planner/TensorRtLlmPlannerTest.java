package io.moeplan.eplb.planner;

import static org.assertj.core.api.Assertions.assertThat;

import io.moeplan.eplb.LoadGenerator;
import io.moeplan.eplb.LoadTrace;
import io.moeplan.eplb.Phase;
import io.moeplan.eplb.PlanProblem;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class TensorRtLlmPlannerTest {
    @Test
    void replicatesTheHeaviestAndPlacesThemOnTheEmptiestGpu() {
        // Replicas: expert 0 twice (6 each); then 6, 6, 5, 3 go to GPUs 0, 1, 1, 0.
        PlanProblem problem = PlanProblem.withRedundant(3, 1, 1, 2, 1);
        int[] counts = {12, 5, 3};
        LoadTrace trace = new LoadTrace(new int[]{0}, 3,
                List.of(new LoadTrace.Step(0, Phase.MIXED, 20, counts)));
        assertThat(new TensorRtLlmPlanner().plan(problem, trace)[0]).containsExactly(0, 1, 0, 2);
    }

    @Test
    void neverPutsAnExpertTwiceOnAGpuAndIsCloseToTheReference() {
        for (int gpus : new int[]{2, 8, 32, 64}) {
            PlanProblem problem = PlanProblem.withRedundant(64, 1, 1, gpus, 64);
            LoadTrace trace = LoadGenerator.window(5, 64, gpus);
            int[][] maps = new TensorRtLlmPlanner().plan(problem, trace);
            int[][] reference = new DeepSeekPlanner().plan(problem, trace);
            for (int layer = 0; layer < 5; layer++) {
                assertThat(DistinctReplicas.neededFor(problem.topology(), 64, maps[layer])).isFalse();
                double mine = Planning.certify(problem, layer, maps[layer], trace.totals(layer)).maxOverMean();
                double theirs = Planning.certify(problem, layer, reference[layer], trace.totals(layer)).maxOverMean();
                assertThat(mine).as("%s", Arrays.toString(maps[layer])).isBetween(1.0, 1.3 * theirs);
            }
        }
    }
}
