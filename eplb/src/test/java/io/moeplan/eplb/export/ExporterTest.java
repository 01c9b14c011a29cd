package io.moeplan.eplb.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.moeplan.eplb.LayerPlan;
import io.moeplan.eplb.LoadTrace;
import io.moeplan.eplb.Plan;
import io.moeplan.eplb.PlanProblem;
import io.moeplan.eplb.TestLoads;
import io.moeplan.eplb.Topology;
import io.moeplan.eplb.planner.ContiguousPlanner;
import io.moeplan.eplb.planner.DeepSeekPlanner;
import io.moeplan.eplb.planner.DistinctReplicas;
import io.moeplan.eplb.planner.Planning;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ExporterTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    /** MoE layers 3 and 5, 8 experts, 2 nodes of 2 GPUs of 3 slots. */
    private static final Plan PLAN = TestLoads.plan();

    @TempDir
    Path folder;

    private static int[][] maps(Plan plan) {
        return plan.layers().stream().map(LayerPlan::physicalToLogical).toArray(int[][]::new);
    }

    /** A plan whose layers have these maps; the figures do not matter here. */
    private static Plan planOf(Topology topology, int experts, int[]... maps) {
        List<LayerPlan> layers = Arrays.stream(maps).map(map -> new LayerPlan(0, map, 1, 1, 1, 0)).toList();
        return new Plan(new Plan.Model("m", "t", experts, 1, 1), new Plan.Recording("d", 1, 1), topology, "x", "none",
                layers);
    }

    @Test
    void sglangHasARowForEveryDecoderLayer() throws IOException {
        Export export = Exporter.named("sglang", OptionalInt.of(8)).render(PLAN);
        int[][] rows = JSON.treeToValue(JSON.readTree(export.content()).get("physical_to_logical_map"), int[][].class);
        int[] dense = ContiguousPlanner.layout(8, 12);
        int[][] moe = maps(PLAN);
        assertThat(rows).isDeepEqualTo(new int[][]{dense, dense, dense, moe[0], dense, moe[1], dense, dense});
        assertThat(export.notes()).isEmpty();
    }

    @Test
    void sglangGuessesTheDecoderLayersAndSaysSo() throws IOException {
        Export export = Exporter.named("sglang").render(PLAN);
        assertThat(JSON.readTree(export.content()).get("physical_to_logical_map")).hasSize(6);
        assertThat(export.notes())
                .containsExactly("SGLang wants a row for every decoder layer: took the model to have 6,"
                        + " its last MoE layer being number 5");
        assertThatThrownBy(() -> Exporter.named("sglang", OptionalInt.of(5)).render(PLAN)).hasMessage(
                "the model is said to have 5 decoder layers, but the plan has MoE layer 5 (layers count from 0)");
    }

    @Test
    void vllmHasARowForEveryMoeLayer() throws IOException {
        Export export = Exporter.named("vllm").render(PLAN);
        assertThat(JSON.readValue(export.content(), int[][].class)).isDeepEqualTo(maps(PLAN));
    }

    @Test
    void tensorRtLlmKeepsTheModelsLayerNumbers() throws IOException {
        List<String> lines = Exporter.named("tensorrt-llm").render(PLAN).content().lines().toList();
        assertThat(lines.subList(0, 3)).containsExactly("num_slots: 12", "layer_updates_per_iter: 0",
                "initial_global_assignments:");
        assertThat(lines).hasSize(5);
        for (int i = 0; i < 2; i++) {
            String[] entry = lines.get(3 + i).split(": ", 2);
            assertThat(entry[0]).isEqualTo("  " + PLAN.layers().get(i).layer());
            // A flow sequence of integers is a JSON array.
            assertThat(JSON.readValue(entry[1], int[].class)).containsExactly(maps(PLAN)[i]);
        }
    }

    @Test
    void tensorRtLlmOnOneGpuIsAWarning() {
        Plan plan = planOf(new Topology(1, 1, 2), 2, new int[]{0, 1});
        assertThat(Exporter.named("tensorrt-llm").render(plan).notes()).singleElement().asString()
                .contains("ignores a load balancer");
    }

    @Test
    void vllmAscendListsEachDevice() throws IOException {
        Plan plan = TestLoads.plan(new ContiguousPlanner());
        Export export = Exporter.named("vllm-ascend").render(plan);
        assertThat(export.notes()).isEmpty();
        JsonNode json = JSON.readTree(export.content());
        assertThat(json.get("moe_layer_count").asInt()).isEqualTo(2);
        for (int layer = 0; layer < 2; layer++) {
            assertThat(json.at("/layer_list/" + layer + "/layer_id").asInt()).isEqualTo(layer);
            assertThat(slots(json, layer)).containsExactly(maps(plan)[layer]);
        }
    }

    @Test
    void vllmAscendLooksLikeOneOfItsOwnMaps() throws IOException {
        JsonNode own;
        try (InputStream in = TestLoads.class.getResourceAsStream("vllm_ascend_expert_map.json")) {
            own = JSON.readTree(in);
        }
        int[][] maps = new int[own.get("moe_layer_count").asInt()][];
        Arrays.setAll(maps, layer -> slots(own, layer));
        int devices = own.at("/layer_list/0/device_count").asInt();
        Topology topology = new Topology(1, devices, maps[0].length / devices);
        List<LayerPlan> layers = new ArrayList<>();
        for (int[] map : maps) {
            layers.add(new LayerPlan(layers.size(), map, 1, 1, 1, 0));
        }
        Plan plan = new Plan(new Plan.Model("m", "t", 16, 1, 1), new Plan.Recording("d", 1, 1), topology, "x", "none",
                layers);
        Export export = Exporter.named("vllm-ascend").render(plan);
        // The example holds an expert twice on a device in layers 1 and 2.
        assertThat(export.notes()).singleElement().asString().contains("in layers 1, 2,");
        JsonNode json = JSON.readTree(export.content());
        assertThat(json.fieldNames()).toIterable().containsExactlyElementsOf(own::fieldNames);
        assertThat(json.get("moe_layer_count")).isEqualTo(own.get("moe_layer_count"));
        assertThat(json.at("/layer_list/0")).isEqualTo(own.at("/layer_list/0"));
        assertThat(json.at("/layer_list/3")).isEqualTo(own.at("/layer_list/3"));
    }

    @Test
    void vllmAscendNeverHoldsAnExpertTwiceOnADevice() throws IOException {
        LoadTrace trace = TestLoads.oneLayer(new int[]{1000, 1, 1, 1, 0, 0, 0, 0});
        PlanProblem problem = PlanProblem.withRedundant(8, 1, 1, 4, 4);
        Plan plan = Planning.plan(problem, trace, new DeepSeekPlanner(), new Plan.Model("m", "t", 8, 1, 1), "d");
        assertThat(DistinctReplicas.neededFor(problem.topology(), 8, maps(plan)[0])).isTrue();
        Export export = Exporter.named("vllm-ascend").render(plan);
        int[] map = slots(JSON.readTree(export.content()), 0);
        assertThat(DistinctReplicas.neededFor(problem.topology(), 8, map)).isFalse();
        assertThat(map).contains(0, 1, 2, 3, 4, 5, 6, 7);
        assertThat(export.notes()).singleElement().asString()
                .startsWith("vllm-ascend holds an expert at most once per device: changed ").contains("layer 0");
        assertThatThrownBy(
                () -> Exporter.named("vllm-ascend").render(planOf(new Topology(1, 1, 3), 2, new int[]{0, 1, 0})))
                .hasMessage("vllm-ascend holds an expert at most once per device, so at most 2 slots per GPU; the plan"
                        + " has 3");
    }

    /** The experts of all devices of a layer, in device order. */
    private static int[] slots(JsonNode map, int layer) {
        JsonNode devices = map.at("/layer_list/" + layer + "/device_list");
        return devices.valueStream().flatMap(device -> device.get("device_expert").valueStream())
                .mapToInt(JsonNode::asInt).toArray();
    }

    @Test
    void deepSeeksMapsAgreeWithEachOther() throws IOException {
        JsonNode json = JSON.readTree(Exporter.named("deepseek").render(PLAN).content());
        int[][] physical = JSON.treeToValue(json.get("physical_to_logical_map"), int[][].class);
        int[][][] logical = JSON.treeToValue(json.get("logical_to_physical_map"), int[][][].class);
        int[][] count = JSON.treeToValue(json.get("expert_count"), int[][].class);
        assertThat(physical).isDeepEqualTo(maps(PLAN));
        for (int layer = 0; layer < 2; layer++) {
            for (int e = 0; e < 8; e++) {
                int expert = e;
                int of = layer;
                int[] slots = Arrays.stream(logical[layer][e]).filter(slot -> slot >= 0).toArray();
                assertThat(slots).hasSize(count[layer][e]);
                assertThat(Arrays.stream(slots)).allMatch(slot -> physical[of][slot] == expert);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"sglang", "vllm", "tensorrt-llm", "vllm-ascend", "deepseek"})
    void everyEngineValidatesWritesAndExplains(String name) throws IOException {
        Exporter exporter = Exporter.named(name);
        assertThat(exporter.name()).isEqualTo(name);
        Path file = folder.resolve(exporter.suggestedFileName());
        Export export = exporter.write(PLAN, file);
        assertThat(file).hasContent(export.content());
        assertThat(folder.toFile().list()).containsExactly(exporter.suggestedFileName());
        assertThat(exporter.howToLoad(PLAN, file)).contains(file.toString()).endsWith("\n");

        Plan wrong = planOf(new Topology(1, 2, 2), 3, new int[]{0, 1, 2});
        assertThatThrownBy(() -> exporter.validate(wrong))
                .hasMessage("layer 0: the map has 3 slots, the topology 4");
        Plan missing = planOf(new Topology(1, 2, 2), 3, new int[]{0, 1, 1, 0});
        assertThatThrownBy(() -> exporter.render(missing)).hasMessage("layer 0: expert 2 has no slot");
        int[] good = {0, 1, 2, 0};
        assertThatThrownBy(() -> exporter.render(planOf(new Topology(1, 2, 2), 3, good, good)))
                .hasMessage("layer 0 comes after layer 0: layers must ascend");
        assertThatThrownBy(() -> exporter.render(planOf(new Topology(1, 2, 2), 3)))
                .hasMessage("the plan has no layers");
    }

    @Test
    void instructionsNameTheFlagsAndTheTraps() {
        Path file = Path.of("out dir/it's.json");
        assertThat(Exporter.named("sglang").howToLoad(PLAN, file))
                .contains("--ep-size 4 --ep-num-redundant-experts 4 --init-expert-location 'out dir/it'\\''s.json'");
        assertThat(Exporter.named("tensorrt-llm").howToLoad(PLAN, file)).contains("enable_attention_dp: true",
                "load_balancer: \"out dir/it's.json\"", "--ep_size 4", "silently ignores");
        assertThat(Exporter.named("vllm").howToLoad(PLAN, file)).contains("#49572", "\"num_redundant_experts\": 4");
        assertThat(Exporter.named("vllm-ascend").howToLoad(PLAN, file)).contains("expert_map_path", "Model Runner V1",
                "4 redundant experts");
    }

    @Test
    void anUnknownEngineListsThoseThereAre() {
        assertThatThrownBy(() -> Exporter.named("triton")).hasMessage(
                "unknown engine \"triton\": use one of sglang, vllm, tensorrt-llm, vllm-ascend, deepseek");
    }
}
