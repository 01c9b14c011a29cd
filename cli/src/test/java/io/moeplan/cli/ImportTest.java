package io.moeplan.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** import and inspect, and what the other commands make of a recording whose source did not tell everything. */
class ImportTest {
    @TempDir
    private Path temp;

    private Path dump;
    private Path recording;

    /** Forty outputs of two tokens, two layers, four experts, top-2. */
    @BeforeEach
    void write() throws IOException {
        dump = temp.resolve("outputs.jsonl");
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < 40; i++) {
            lines.append("{\"id\":\"r").append(i).append("\",\"usage\":{\"prompt_tokens\":1},\"choices\":[{"
                    + "\"routed_experts\":[[[0,1],[2,3]],[[").append(i % 4).append(',').append((i + 1) % 4)
                    .append("],[3,1]]]}]}\n");
        }
        Files.writeString(dump, lines);
        recording = temp.resolve("rec");
    }

    @Test
    void importsWhatItDetects() {
        Run run = Run.moeplan("import", dump, "--out", recording);
        assertThat(run.err()).isEmpty();
        assertThat(run.exit()).isZero();
        assertThat(run.out()).contains("80 tokens, 2 layers x 4 experts, per-token").contains("not told: experts");
        assertThat(Run.moeplan("analyze", recording).exit()).isZero();
        Path plan = temp.resolve("plan.json");
        assertThat(Run.moeplan("plan", recording, "--pass-tokens", 8, "--gpus", 2, "--redundant", 2, "--time-budget", 1,
                "--out", plan).exit()).isZero();
        assertThat(Run.moeplan("simulate", recording, "--pass-tokens", 8, "--plan", plan).exit()).isZero();
    }

    @Test
    void inspects() {
        assertThat(Run.moeplan("import", dump, "--from", "vllm", "--out", recording).exit()).isZero();
        Run run = Run.moeplan("inspect", dump, recording, Run.MODEL, Run.WORKLOAD);
        assertThat(run.exit()).isZero();
        assertThat(run.out()).contains("outputs of vLLM or SGLang").contains("a moeplan recording")
                .contains("a model's folder").contains("a workload");
    }

    @Test
    void refusesInOneLine() throws IOException {
        Files.writeString(dump, "{\"routed_experts\": 7}");
        Run run = Run.moeplan("import", dump, "--out", recording);
        assertThat(run.exit()).isEqualTo(1);
        assertThat(run.errorLines()).singleElement().asString().contains("outputs.jsonl").contains("output 1");
        assertThat(recording).doesNotExist();
        assertThat(Run.moeplan("import", dump, "--from", "excel", "--out", recording).exit()).isEqualTo(2);
        assertThat(Run.moeplan("inspect", temp.resolve("nowhere")).exit()).isEqualTo(1);
    }
}
