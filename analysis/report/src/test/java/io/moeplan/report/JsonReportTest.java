package io.moeplan.report;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.moeplan.statistics.Drift;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class JsonReportTest {
    private static final ReportModel SMALL = Synthetic.small();
    private static final PlanReport PLAN = SMALL.plan().orElseThrow();

    @Test
    void theAnalysisIsThereAsItIs() throws JsonProcessingException {
        JsonNode json = read(JsonReport.analysis(SMALL.analysis()));
        assertThat(json.path("format").asText()).isEqualTo("moeplan-analysis");
        assertThat(json.path("version").asInt()).isEqualTo(1);
        assertThat(json.path("layers")).hasSize(6);
        JsonNode layer = json.path("layers").path(1);
        assertThat(layer.path("layer").asInt()).isEqualTo(2);
        assertThat(layer.path("cv").asDouble()).isEqualTo(SMALL.analysis().layers().get(1).cv());
        assertThat(layer.path("hottest").path(0).asInt()).isEqualTo(SMALL.analysis().layers().get(1).hottest()[0]);
        assertThat(json.path("summary").path("max_over_mean").path("max").asDouble())
                .isEqualTo(SMALL.analysis().summary().maxOverMean().max());
        assertThat(json.path("tags").path(0).path("js_from_rest")).hasSize(6);
        Drift.Measured drift = (Drift.Measured) SMALL.analysis().drift();
        assertThat(json.path("drift").path("mean_correlation").path(0).asDouble())
                .isEqualTo(drift.meanCorrelation()[0]);
    }

    @Test
    void theSimulationIsThereAsItIs() throws JsonProcessingException {
        JsonNode results = read(JsonReport.simulation(List.of(PLAN, PLAN))).path("results");
        assertThat(results).hasSize(2);
        JsonNode result = results.path(1);
        assertThat(result.path("verdict").path("word").asText()).isEqualTo("apply");
        assertThat(result.path("verdict").path("gain").asDouble()).isEqualTo(PLAN.verdict().gain());
        assertThat(result.path("holdout").path("unseen").asBoolean()).isTrue();
        JsonNode before = result.path("before");
        assertThat(before.path("overall").path("tensorrt_llm_imbalance_ratio").asDouble())
                .isEqualTo(PLAN.simulation().before().overall().tensorRtLlm());
        assertThat(before.path("layers").path(3).path("vllm_ascend_par").asDouble())
                .isEqualTo(PLAN.simulation().before().layers().get(3).vllmAscend());
        assertThat(before.path("gpu_tokens_per_step").path(5)).hasSize(8);
        assertThat(result.path("after").path("overall").path("p99").asDouble())
                .isEqualTo(PLAN.simulation().after().overall().p99());
    }

    @Test
    void theFullReportHoldsEveryPart() throws JsonProcessingException {
        JsonNode json = read(JsonReport.full(SMALL));
        assertThat(json.path("run").path("model").path("model_type").asText()).isEqualTo("qwen3_moe");
        assertThat(json.path("run").path("timing").path("tokens_per_second").asDouble()).isEqualTo(13_402);
        assertThat(json.path("loads").path(5).path(31).asLong()).isEqualTo(SMALL.heatMap().loads()[5][31]);
        assertThat(json.path("plan").path("layers").path(0).path("gap").asDouble())
                .isEqualTo(PLAN.plan().layers().getFirst().gap());
        assertThat(json.path("simulation").path("dispatch").asText()).isEqualTo("even");
        assertThat(read(JsonReport.plan(PLAN.plan())).path("topology").path("slots_per_gpu").asInt()).isEqualTo(5);
    }

    @Test
    void keysAreSnakeCaseAndForeignTextSurvives() throws JsonProcessingException {
        String text = JsonReport.full(Hostile.model());
        JsonNode json = read(text);
        assertThat(json.path("run").path("model").path("name").asText()).isEqualTo(Hostile.TEXT);
        List<String> keys = new ArrayList<>();
        keys(json, keys);
        assertThat(keys).allMatch(key -> key.matches("[a-z][a-z0-9_]*"));
        assertThat(text).isEqualTo(JsonReport.full(Hostile.model())).endsWith("}\n").doesNotContain("\r");
    }

    private static void keys(JsonNode node, List<String> keys) {
        node.fieldNames().forEachRemaining(keys::add);
        node.forEach(child -> keys(child, keys));
    }

    private static JsonNode read(String json) throws JsonProcessingException {
        return new JsonMapper().readTree(json);
    }
}
