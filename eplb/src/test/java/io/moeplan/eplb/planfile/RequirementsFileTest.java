package io.moeplan.eplb.planfile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.moeplan.eplb.LayerPlan;
import io.moeplan.eplb.LoadTrace;
import io.moeplan.eplb.Plan;
import io.moeplan.eplb.PlanProblem;
import io.moeplan.eplb.SpareSlots;
import io.moeplan.eplb.TestLoads;
import io.moeplan.eplb.dispatch.EvenSplit;
import io.moeplan.eplb.export.Exporter;
import io.moeplan.eplb.judge.Holdout;
import io.moeplan.eplb.judge.Simulation;
import io.moeplan.eplb.judge.SimulationResult;
import io.moeplan.eplb.planner.ContiguousPlanner;
import io.moeplan.eplb.planner.Planning;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Plan files of plans with empty slots, absent GPUs and layers of their own size. */
class RequirementsFileTest {
    private static final Plan.Model MODEL = new Plan.Model("m", "t", 8, 2, 1);
    private static final LoadTrace TRACE = TestLoads.trace(new Random(4), new int[]{0, 1, 2}, 8, 3);

    @TempDir
    Path folder;

    private static Plan empty() {
        PlanProblem problem = PlanProblem.withRedundant(8, 1, 2, 4, 2, SpareSlots.EMPTY, List.of(1));
        return Planning.plan(problem, TRACE, new ContiguousPlanner(), MODEL, "d");
    }

    private static Plan uneven() {
        PlanProblem problem = PlanProblem.withRedundant(8, 1, 1, 4, 4);
        List<LayerPlan> layers = List.of(
                Planning.certify(problem.withSlotsPerGpu(2), 0, ContiguousPlanner.layout(8, 8), TRACE.totals(0)),
                Planning.certify(problem.withSlotsPerGpu(4), 1, ContiguousPlanner.layout(8, 16), TRACE.totals(1)),
                Planning.certify(problem, 2, ContiguousPlanner.layout(8, 12), TRACE.totals(2)));
        return new Plan(MODEL, new Plan.Recording("d", 3, TRACE.tokens()), problem.topology(), "x", "none", layers);
    }

    @Test
    void whatIsWrittenIsRead() throws IOException {
        Path file = folder.resolve("plan.json");
        for (Plan plan : List.of(empty(), uneven())) {
            PlanFile.write(plan, file);
            assertThat(PlanFile.read(file)).usingRecursiveComparison().isEqualTo(plan);
        }
        assertThat(PlanFile.render(uneven())).contains("\"slots_per_gpu\":2,", "\"slots_per_gpu\":4,",
                "\"bound_term\":\"");
        assertThat(PlanFile.render(empty())).contains("\"requirements\":{\"empty_slots\":2,\"absent_gpus\":[1],"
                + "\"groups\":\"free\",\"distinct_replicas\":false,\"lost_gpus\":0,\"lost_nodes\":0}");
        assertThat(PlanFile.render(TestLoads.plan())).doesNotContain("requirements");
    }

    @Test
    void aFileWithoutTheTermOfItsBoundIsReadToo() throws IOException {
        Path file = folder.resolve("plan.json");
        Files.writeString(file, PlanFile.render(empty()).replaceAll(",\"bound_term\":\"[a-z_]*\"", ""));
        assertThat(PlanFile.read(file).layers()).allMatch(layer -> layer.boundTerm().isEmpty());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            "empty_slots":2   | "empty_slots":1      | $.layers[0].physical_to_logical[11]: 2 slots are empty on GPUs that are present, the plan wants 1
            "absent_gpus":[1] | "absent_gpus":[0]    | $.layers[0].physical_to_logical[0]: expert 0 lies on GPU 0, which is absent
            "absent_gpus":[1] | "absent_gpus":[4]    | $.requirements.absent_gpus[0]: 4 is not within 0 and 3
            "absent_gpus":[1] | "absent_gpus":[0,1,2,3] | $.requirements.absent_gpus: leaves none of 4 GPUs
            "absent_gpus":[1] | "absent_gpus":1      | $.requirements.absent_gpus: is not an array
            "groups":"free"   | "groups":"loose"     | $.requirements.groups: "loose" is none of free, pinned
            "distinct_replicas":false | "distinct_replicas":0 | $.requirements.distinct_replicas: is neither true nor false
            "lost_gpus":0     | "lost_gpu":0         | $.requirements.lost_gpus: is missing
            "bound_term":"    | "bound_term":"x      | TERM
            """)
    void aMalformedFileIsRefusedInOneLine(String text, String instead, String message) throws IOException {
        String good = PlanFile.render(empty());
        assertThat(good).contains(text);
        Path file = folder.resolve("bad.json");
        Files.writeString(file, good.replace(text, instead));
        assertThatThrownBy(() -> PlanFile.read(file)).isInstanceOf(PlanFileException.class)
                .hasMessageStartingWith(
                        file + ": " + (message.equals("TERM") ? "$.layers[0].bound_term: \"x" : message));
    }

    @Test
    void balanceIsOverGpusThatAreThere() {
        LoadTrace even = TestLoads.oneLayer(new int[]{1, 1, 1, 1, 1, 1});
        PlanProblem problem = PlanProblem.withRedundant(6, 1, 1, 4, 0, SpareSlots.FILL, List.of(2));
        Plan plan = Planning.plan(problem, even, new ContiguousPlanner(), new Plan.Model("m", "t", 6, 1, 1), "d");
        assertThat(plan.layers().getFirst().maxOverMean()).isEqualTo(1);
        SimulationResult result = Simulation.run(even, plan, new EvenSplit(), new Holdout(0, 1, 1, 6, 6));
        assertThat(result.after().overall().weighted()).isEqualTo(1);
        assertThat(result.before().overall().weighted()).isEqualTo(1);
        assertThat(Simulation.run(TRACE, uneven(), new EvenSplit(), new Holdout(0, 3, 3, 1, 1)).after().layers())
                .hasSize(3);
    }

    @Test
    void enginesRefuseWhatTheyCannotHold() {
        for (String engine : Exporter.names()) {
            assertThatThrownBy(() -> Exporter.named(engine).render(empty()))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageMatching(".* cannot leave slots empty: layer 0 has none in slot \\d+ \\(GPU \\d\\);.*");
            assertThatThrownBy(() -> Exporter.named(engine).render(uneven()))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining(" wants as many slots in every layer: layer 0 has 2 per GPU, the plan 3;");
        }
        assertThat(Arrays.stream(empty().layers().getFirst().physicalToLogical())).contains(-1);
    }
}
