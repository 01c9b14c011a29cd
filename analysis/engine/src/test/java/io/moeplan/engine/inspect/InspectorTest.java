package io.moeplan.engine.inspect;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.moeplan.engine.Models;
import io.moeplan.engine.model.StoredWeights;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class InspectorTest {
    private static final OptionalDouble RATE = OptionalDouble.of(1e6);

    @Test
    void ofAQuantisedModel() throws IOException {
        Inspection inspection = Inspector.inspect(Models.directory("deepseek_v3_fp8"), RATE);
        StoredWeights weights = inspection.weights().orElseThrow();
        assertThat(weights.formats()).extracting(StoredWeights.Part::what).hasSizeGreaterThan(1)
                .anyMatch(format -> format.startsWith("F8_E4M3 with"));
        assertThat(inspection.passSeconds()).isEqualTo(weights.passBytes() / 1e6);
        assertThat(inspection.needs().orElseThrow().comfortableBytes())
                .isGreaterThan(inspection.needs().orElseThrow().minimumBytes());
        String text = InspectionText.of(inspection);
        assertThat(text).contains("DeepSeek-V3", "groups by their best 2 experts", "latent, 4 heads",
                "multi-token-prediction", "--memory ", "MB/s (as given)", "token ids");
        assertThat(text.lines()).noneMatch(String::isBlank).allMatch(line -> line.length() < 160);
    }

    @Test
    void ofAConfigurationAlone(@TempDir Path directory) throws IOException {
        Files.copy(Models.resource("/configs/DeepSeek-V3.json"), directory.resolve("config.json"));
        Files.write(directory.resolve("tokenizer.model"), new byte[1]);
        Inspection inspection = Inspector.inspect(directory, OptionalDouble.empty());
        assertThat(inspection.weights()).isEmpty();
        // 74 GFLOP is what the model is known for; a recording leaves out the head and the last layer's experts.
        assertThat(inspection.work().flops()).isBetween(70e9, 80e9);
        assertThat(InspectionText.of(inspection)).contains("none here", "58 route: 3-60", "671.0 billion",
                "tokenizer.model only");
    }

    @Test
    void asJson() throws IOException {
        JsonNode json = new ObjectMapper()
                .readTree(InspectionJson.of(Inspector.inspect(Models.directory("gpt_oss_mxfp4"), RATE)));
        assertThat(json.path("model_type").textValue()).isEqualTo("gpt_oss");
        assertThat(json.path("experts").intValue()).isEqualTo(8);
        assertThat(json.path("weights").path("layer_bytes")).hasSize(3);
        assertThat(json.path("weights").path("formats").toString()).contains("MXFP4");
        assertThat(json.path("weights").path("pass_seconds").doubleValue()).isPositive();
    }

    @Test
    void measuresTheDisk() throws IOException {
        Inspection inspection = Inspector.inspect(Models.directory("qwen3_moe"), OptionalDouble.empty());
        assertThat(inspection.needs().orElseThrow().rate().bytesPerSecond()).isPositive();
        assertThat(inspection.needs().orElseThrow().rate().source()).startsWith("measured");
    }

    @Test
    void listsEveryFamily() throws IOException {
        assertThat(Catalogue.text()).contains("kimi_k2", "DeepSeek-V3, R1", "mxfp4", "not: int4");
        assertThat(new ObjectMapper().readTree(Catalogue.json()).path("families")).hasSize(17);
    }

    @Test
    void unitsAndRanges() {
        assertThat(Units.bytes(1023)).isEqualTo("1023 bytes");
        assertThat(Units.bytes(3L << 29)).isEqualTo("1.5 GiB");
        assertThat(Units.seconds(0.25)).isEqualTo("0.25 s");
        assertThat(Units.seconds(600)).isEqualTo("10 min");
        assertThat(Units.seconds(36_000)).isEqualTo("10.0 h");
        assertThat(Describe.ranges(new int[]{0, 1, 2, 5, 7, 8})).isEqualTo("0-2, 5, 7-8");
    }
}
