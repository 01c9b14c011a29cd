package io.moeplan.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code moeplan models}. */
class ModelsTest {
    @Test
    void listsFamilies() {
        Run run = Run.moeplan("models");
        assertThat(run.exit()).isZero();
        assertThat(run.out()).contains("deepseek_v3", "gpt-oss-20b", "mxfp4").doesNotContain("cpu:");
        assertThat(Run.moeplan("models", "--format", "json").out()).startsWith("{").contains("\"families\"");
    }

    @Test
    void inspectsAModel() {
        Run run = Run.moeplan("models", Run.MODEL, "--read-rate", 500);
        assertThat(run.exit()).isZero();
        assertThat(run.out()).contains("qwen3_moe", "32 of width", "tokenizer.json", "at 500 MB/s (as given)");
        Run json = Run.moeplan("models", Run.MODEL, "--read-rate", 500, "--format", "json");
        assertThat(json.out()).contains("\"experts\" : 32", "\"read_bytes_per_second\" : 5.0E8");
    }

    @Test
    void saysWhichArithmetic() {
        assertThat(Run.moeplan("models", "--device", "cpu").out()).containsPattern("cpu: (fp32|bf16), ");
        assertThat(Run.moeplan("models", "--device", "cpu", "-v").out())
                .containsPattern("cpu: (fp32|bf16), .+ \\(.+\\)")
                .contains("  has plain Java float32 (fp32): ", "  has no Vector API");
    }

    @Test
    void wrongInput(@TempDir Path temp) throws IOException {
        Run missing = Run.moeplan("models", temp.resolve("nowhere"));
        assertThat(missing.exit()).isEqualTo(1);
        assertThat(missing.errorLines()).singleElement().asString().contains("nowhere", "config.json");
        Files.writeString(temp.resolve("config.json"), "{\"model_type\": \"zebra\"}");
        assertThat(Run.moeplan("models", temp).errorLines()).singleElement().asString().contains("zebra", "supported");
        assertThat(Run.moeplan("models", Run.MODEL, "--read-rate", -1).exit()).isEqualTo(2);
    }
}
