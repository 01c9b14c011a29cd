package io.moeplan.recording.maps;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.moeplan.eplb.LayerPlan;
import io.moeplan.eplb.Plan;
import io.moeplan.eplb.Topology;
import io.moeplan.eplb.dispatch.Engine;
import io.moeplan.eplb.export.Exporter;
import io.moeplan.eplb.export.SglangExporter;
import io.moeplan.eplb.export.VllmExporter;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class EngineMapsTest {
    private static final Plan.Model MODEL = new Plan.Model("m", "t", 4, 2, 1);
    private static final int[][] MAPS = {{0, 1, 2, 3, 1, 0}, {2, 3, 1, 0, 2, 1}};
    /** Layers 1 and 3 of four, two GPUs with three slots each. */
    private static final Plan PLAN = planOf(new int[]{1, 3}, MAPS);
    private static final MapTarget TARGET = MapTarget.of(MODEL, new int[]{1, 3});

    @TempDir
    private Path temp;

    private static Plan planOf(int[] layers, int[][] maps) {
        return new Plan(MODEL, new Plan.Recording("d", 1, 1), new Topology(1, 2, 3), "x", "none",
                List.of(new LayerPlan(layers[0], maps[0], 1, 1, 1, 0),
                        new LayerPlan(layers[1], maps[1], 1, 1, 1, 0)));
    }

    private static int[][] maps(Plan plan) {
        return plan.layers().stream().map(LayerPlan::physicalToLogical).toArray(int[][]::new);
    }

    @ParameterizedTest
    @EnumSource(Engine.class)
    void whatIsExportedIsReadAgain(Engine engine) throws IOException {
        Path file = temp.resolve("map");
        Exporter.named(engine.label(), OptionalInt.of(4)).write(PLAN, file);
        EngineMap read = EngineMaps.read(engine, file);
        Plan plan = read.plan(TARGET, 1, 2);
        assertThat(maps(plan)).isDeepEqualTo(MAPS);
        assertThat(plan.layers()).extracting(LayerPlan::layer).containsExactly(1, 3);
        assertThat(plan.topology()).isEqualTo(PLAN.topology());
        assertThat(plan.model()).isEqualTo(MODEL);
        assertThat(plan.dispatch()).isEqualTo(engine.dispatch().name());
        // and exported once more, it is the same file
        Path again = temp.resolve("again");
        Exporter.named(engine.label(), OptionalInt.of(4)).write(plan, again);
        assertThat(again).hasSameBinaryContentAs(file);
        Optional<EngineMap> found = EngineMaps.find(file);
        // lists of lists could be counts
        assertThat(found.map(EngineMap::engine))
                .isEqualTo(engine == Engine.VLLM ? Optional.empty() : Optional.of(engine));
    }

    @Test
    void sglangsArchiveIsReadAgain() throws IOException {
        Path file = temp.resolve("map.pt");
        SglangArchive.write(new SglangExporter(OptionalInt.of(4)), PLAN, file);
        EngineMap read = EngineMaps.find(file).orElseThrow();
        assertThat(read.engine()).isEqualTo(Engine.SGLANG);
        assertThat(read.slots()).hasDimensions(4, 6);
        assertThat(maps(read.plan(TARGET, 1, 2))).isDeepEqualTo(MAPS);
    }

    @Test
    void oneListIsForAllLayers() throws IOException {
        Path file = temp.resolve("map.json");
        Plan alike = planOf(new int[]{1, 3}, new int[][]{MAPS[0], MAPS[0]});
        new VllmExporter(true).write(alike, file);
        assertThat(file).hasContent("[0, 1, 2, 3, 1, 0]\n");
        EngineMap read = EngineMaps.find(file).orElseThrow();
        assertThat(read.engine()).isEqualTo(Engine.VLLM);
        assertThat(maps(read.plan(TARGET, 1, 2))).isDeepEqualTo(maps(alike));
        assertThatThrownBy(() -> new VllmExporter(true).validate(PLAN)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("layer 3 differs from layer 1");
    }

    /** Eight experts in every row: nobody counts like that. */
    @Test
    void listsWithEveryExpertAreNoCounts() throws IOException {
        String row = "[7, 0, 1, 2, 3, 4, 5, 6, 0]";
        EngineMap read = EngineMaps.find(write("[" + row + ", " + row + "]")).orElseThrow();
        assertThat(read.engine()).isEqualTo(Engine.VLLM);
        assertThat(read.rows()).isEqualTo(EngineMap.Rows.MOE_LAYERS);
        assertThat(EngineMaps.find(write("[" + row + ", [7, 0, 1, 2, 3, 4, 5, 5, 0]]"))).isEmpty();
        assertThat(EngineMaps.find(write("[" + row + ", [7, 0, 1, 2, 3, 4, 5, 6, 9]]"))).isEmpty();
        assertThat(EngineMaps.find(write("[" + row + ", [7, 0, "))).isEmpty();
    }

    /** Prompts and documents may speak of maps. */
    @Test
    void textAboutMapsIsNone() throws IOException {
        assertThat(EngineMaps.find(write("{\"prompt\": \"{\\\"physical_to_logical_map\\\": [\"}\n{\"prompt\": 1}\n")))
                .isEmpty();
        assertThat(EngineMaps.find(write("# How to\n\nPut this there:\n\n    num_slots: [\n"))).isEmpty();
    }

    @Test
    void ranksOfExpertsAreALayout() throws IOException {
        Path file = write("{\"expert_to_ep_rank\": [1, 0, 0, 1]}");
        EngineMap read = EngineMaps.find(file).orElseThrow();
        assertThat(read.gpus()).isEqualTo(2);
        assertThat(read.slots()).isDeepEqualTo(new int[][]{{1, 2, 0, 3}});
        refused("{\"expert_to_ep_rank\": [1, 0, 0, 0]}", "rank 0 holds 3 of 4 experts");
    }

    @Test
    void vllmAscendsOwnMapIsTheTruth() throws IOException, URISyntaxException {
        Path folder = Path.of(EngineMapsTest.class.getResource("/io/moeplan/recording/imports/truth.json").toURI())
                .getParent();
        EngineMap read = EngineMaps.find(folder.resolve("vllm-ascend-map.json")).orElseThrow();
        var truth = new ObjectMapper().readTree(folder.resolve("truth.json").toFile());
        assertThat(read.engine()).isEqualTo(Engine.VLLM_ASCEND);
        assertThat(read.gpus()).isEqualTo(4);
        assertThat(read.slots()).isDeepEqualTo(
                new ObjectMapper().treeToValue(truth.path("physical_to_logical_map"), int[][].class));
        assertThat(read.plan(MapTarget.ANY, 1, 0).layers()).extracting(LayerPlan::layer).containsExactly(0, 1, 2, 3);
    }

    @Test
    void tensorRtLlmsSettingsMayBeInsideTheServers() throws IOException {
        Path file = temp.resolve("extra.yaml");
        Files.writeString(file, """
                enable_attention_dp: true
                moe_config:
                  load_balancer:
                    num_slots: 4
                    initial_global_assignments:
                      5:
                      - 3
                      - 2
                      - 1
                      - 0
                      4: [0, 1, 2, 3]
                """);
        EngineMap read = EngineMaps.find(file).orElseThrow();
        assertThat(read.numbers()).containsExactly(4, 5);
        assertThat(read.slots()).isDeepEqualTo(new int[][]{{0, 1, 2, 3}, {3, 2, 1, 0}});
        assertThatThrownBy(() -> read.plan(TARGET, 1, 2)).hasMessageContaining("the map has no layer 1");
        assertThatThrownBy(() -> read.plan(MapTarget.ANY, 1, 0)).hasMessageContaining("--gpus");
        assertThatThrownBy(() -> read.plan(MapTarget.ANY, 1, 3)).hasMessageContaining("do not divide evenly");
    }

    @Test
    void yamlMayBeginWithABrace() throws IOException {
        Path file = write("{num_slots: 2, initial_global_assignments: {4: [1, 0]}}");
        assertThat(EngineMaps.read(Engine.TENSORRT_LLM, file).slots()).isDeepEqualTo(new int[][]{{1, 0}});
        assertThat(EngineMaps.find(file)).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"[[1, 2], [3, 4]]", "{\"a\": 1}", "hello", "{\"prompt\": \"physical\"}", "[]", "", "0 1\n"})
    void whatCouldBeSomethingElseIsNoMap(String text) throws IOException {
        assertThat(EngineMaps.find(write(text))).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"{\"physical_to_logical_map\": [[0, 1], [0]]} | row 1 has 1 slots",
        "{\"physical_to_logical_map\": [[0, -1]]} | physical_to_logical_map[0][1] is -1",
        "{\"physical_to_logical_map\": [[0, 1.5]]} | physical_to_logical_map[0][1] is 1.5",
        "{\"physical_to_logical_map\": 7} | expected a list",
        "{\"physical_to_logical_map\": [[0, 1] | not JSON",
        "[0, 1, \"x\"] | the map[2] is",
        "{\"moe_layer_count\": 2, \"layer_list\": [{\"layer_id\": 0, \"device_list\": [{\"device_id\": 0, "
                + "\"device_expert\": [0]}]}]} | moe_layer_count is 2",
        "{\"layer_list\": [{\"layer_id\": 3, \"device_list\": []}]} | layer_id is 3",
        "{\"layer_list\": [{\"layer_id\": 0, \"device_list\": [{\"device_id\": 0, \"device_expert\": [0]}, "
                + "{\"device_id\": 1, \"device_expert\": [1, 2]}]}]} | device 1 holds 2 experts",
        "initial_global_assignments: [} | not YAML",
        "{\"num_slots\": 3, \"initial_global_assignments\": {\"x\": [0]}} | expected the number of a layer"})
    void faultsAreNamedInOneLine(String text, String why) throws IOException {
        refused(text, why);
    }

    @Test
    void yamlThatIsNoTextIsRefused() throws IOException {
        Path file = Files.write(temp.resolve("map.yaml"),
                "initial_global_assignments: {0: [\u00ff]}\n".getBytes(StandardCharsets.ISO_8859_1));
        assertThatThrownBy(() -> EngineMaps.find(file)).isInstanceOf(IOException.class)
                .hasMessage(file + ": no text in UTF-8");
    }

    @Test
    void aMapThatDoesNotFitIsRefused() throws IOException {
        Path file = write("{\"physical_to_logical_map\": [[0, 1, 2, 3], [0, 1, 2, 2], [0, 1, 2, 3]]}");
        EngineMap read = EngineMaps.find(file).orElseThrow();
        assertThatThrownBy(() -> read.plan(MapTarget.of(MODEL, new int[]{0, 1}), 1, 2))
                .hasMessageContaining("row 1: expert 3 has no slot");
        assertThatThrownBy(() -> read.plan(MapTarget.of(MODEL, new int[]{0, 3}), 1, 2))
                .hasMessageContaining("3 decoder layers, the model has 2 MoE layers, the last being number 3");
        Plan.Model small = new Plan.Model("m", "t", 3, 1, 1);
        assertThatThrownBy(() -> read.plan(MapTarget.of(small, new int[]{0, 2}), 1, 2))
                .hasMessageContaining("the map has expert 3, the model has 3 per layer");
        assertThat(read.plan(MapTarget.of(MODEL, new int[]{0, 2}), 1, 2).layers()).hasSize(2);
        assertThatThrownBy(() -> EngineMaps.read(Engine.VLLM, file)).hasMessageContaining("no map of vllm's");
    }

    private Path write(String text) throws IOException {
        return Files.writeString(temp.resolve("map.json"), text);
    }

    private void refused(String text, String why) throws IOException {
        Path file = write(text);
        assertThatThrownBy(() -> EngineMaps.find(file)).isInstanceOf(IOException.class)
                .hasMessageContaining("map.json").hasMessageContaining(why)
                .satisfies(e -> assertThat(e.getMessage()).doesNotContain("\n"));
    }
}
