package io.moeplan.recording.imports;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class InspectionTest {
    @TempDir
    private Path temp;

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "sglang_per_token | SGLang's expert distribution recorder | 4 MoE layers, 16 experts each, top-4",
        "sglang_stat | SGLang's expert distribution recorder | not told: tokens, requests, top_k",
        "trtllm | TensorRT-LLM's expert statistics | 4 layers, 16 experts each, top-4",
        "vllm-ascend-map.json | an expert map (vllm-ascend) | slots: 20 on 4 GPUs",
        "count_matrix/steps.npy | counts | steps.npy --out REC",
        "trtllm/rank0.safetensors | a safetensors file | 100_3",
        "truth.json | an expert map (sglang) | layers: 4 decoder layers",
        "goldens.py | text; as a workload it is one request | "})
    void saysWhatThingsAre(String name, String what, String detail) throws IOException {
        Inspection found = Inspection.of(Dumps.resource(name));
        assertThat(found.what()).startsWith(what);
        assertThat(String.join("\n", found.details())).contains(detail == null ? "" : detail);
    }

    @Test
    void knowsRecordingsAndDamage() throws IOException {
        Path out = temp.resolve("rec");
        Importer.run(Dumps.resource("sglang_per_token"), null, Dumps.PLAIN, out, ImportProgress.NONE);
        assertThat(Inspection.of(out).what()).isEqualTo("a moeplan recording");
        assertThat(Inspection.of(out).details()).contains("made by: import from sglang; not told: requests");
        Path broken = Files.write(temp.resolve("broken.pt"), new byte[]{'P', 'K', 3, 4, 5});
        assertThatThrownBy(() -> Inspection.of(broken)).isInstanceOf(IOException.class)
                .hasMessageContaining("broken.pt");
    }
}
