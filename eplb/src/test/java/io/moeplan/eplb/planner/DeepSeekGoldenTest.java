package io.moeplan.eplb.planner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.moeplan.eplb.LoadTrace;
import io.moeplan.eplb.PlanProblem;
import io.moeplan.eplb.TestLoads;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** DeepSeekPlanner against recorded results of DeepSeek's eplb.py. */
class DeepSeekGoldenTest {
    record Case(float[][] weight, int num_replicas, int num_groups, int num_nodes, int num_gpus,
            int[][] physical_to_logical_map, int[][][] logical_to_physical_map, int[][] expert_count) {
        @Override
        public String toString() {
            return weight.length + "x" + weight[0].length + " -> " + num_replicas + " slots, " + num_groups
                    + " groups, "
                    + num_nodes + " nodes, " + num_gpus + " GPUs";
        }
    }

    static List<Case> cases() throws IOException {
        ObjectMapper json = new ObjectMapper();
        try (InputStream in = DeepSeekGoldenTest.class.getResourceAsStream("deepseek_reference.json")) {
            return json.convertValue(json.readTree(in).get("cases"), new TypeReference<>() {});
        }
    }

    @Test
    void thereAre45Cases() throws IOException {
        assertThat(cases()).hasSize(45);
    }

    @ParameterizedTest
    @MethodSource("cases")
    void mapsEqualTheReferenceExactly(Case c) {
        DeepSeekMaps maps = new DeepSeekPlanner().rebalanceExperts(c.weight, c.num_replicas, c.num_groups, c.num_nodes,
                c.num_gpus);
        assertThat(maps.physicalToLogical()).isDeepEqualTo(c.physical_to_logical_map);
        assertThat(maps.logicalToPhysical()).isEqualTo(c.logical_to_physical_map);
        assertThat(maps.expertCount()).isDeepEqualTo(c.expert_count);
    }

    @ParameterizedTest
    @MethodSource("cases")
    void mapsOfALayoutListTheSameSlots(Case c) {
        DeepSeekMaps maps = DeepSeekMaps.of(c.physical_to_logical_map, c.weight[0].length);
        assertThat(maps.expertCount()).isDeepEqualTo(c.expert_count);
        for (int layer = 0; layer < c.weight.length; layer++) {
            for (int e = 0; e < c.weight[0].length; e++) {
                assertThat(maps.logicalToPhysical()[layer][e])
                        .containsExactlyInAnyOrder(c.logical_to_physical_map[layer][e]);
            }
        }
    }

    @Test
    void tiesGoToTheLowerIndex() {
        int[][] map = new DeepSeekPlanner().plan(PlanProblem.withRedundant(4, 1, 1, 2, 2), new float[1][4]);
        assertThat(map[0]).containsExactly(0, 1, 2, 3, 0, 0);
    }

    @Test
    void loadsThatAreNoLoadsAreRefused() {
        PlanProblem problem = PlanProblem.withRedundant(4, 1, 1, 2, 2);
        for (float bad : new float[]{-1, Float.NaN, Float.POSITIVE_INFINITY}) {
            assertThatThrownBy(() -> new DeepSeekPlanner().plan(problem, new float[][]{{1, 2, bad, 4}}))
                    .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("load is " + bad);
        }
        assertThatThrownBy(() -> new DeepSeekPlanner().plan(problem, new float[][]{{1, 2, 3, 4}, {1}}))
                .hasMessageContaining("a layer has 1 experts");
    }

    @Test
    void aTraceOfOtherExpertsIsRefused() {
        LoadTrace trace = TestLoads.trace(new Random(1), new int[]{0}, 8, 2);
        assertThatThrownBy(() -> new DeepSeekPlanner().plan(PlanProblem.withRedundant(4, 1, 1, 2, 2), trace))
                .hasMessage("the trace has 8 experts per layer, the problem 4");
    }
}
