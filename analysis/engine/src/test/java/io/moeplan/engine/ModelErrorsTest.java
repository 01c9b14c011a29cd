package io.moeplan.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.moeplan.engine.cpu.CpuBackend;
import io.moeplan.engine.cpu.WeightReading;
import io.moeplan.engine.model.ModelException;
import io.moeplan.engine.workload.Request;
import io.moeplan.tensors.SafetensorsFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Whatever is wrong, one line says what and where. */
final class ModelErrorsTest {
    private Path model;

    @BeforeEach
    void copy(@TempDir Path directory) {
        model = Models.copy("qwen3_moe", directory);
    }

    private void assertRefused(String... parts) {
        ThrowingCallable open = () -> Engine.open(model, Models.options(1)).close();
        assertThatThrownBy(open).isInstanceOf(IOException.class).hasMessageContaining(model.toString())
                .hasMessageContainingAll(parts).satisfies(e -> assertThat(e.getMessage().lines()).hasSize(1));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|',
            value = {"\"model_type\": \"qwen3_moe\"|\"model_type\": \"mamba\"|supported: deepseek_v2",
                "\"model_type\": \"qwen3_moe\"|\"model_type\": null|lacks model_type",
                "\"num_attention_heads\": 4|\"num_attention_heads\": 0|num_attention_heads is 0",
                "\"num_attention_heads\": 4|\"num_attention_heads\": 3|not a multiple",
                "\"num_experts_per_tok\": 4|\"num_experts_per_tok\": 17|exceeds the 16 experts",
                "\"num_local_experts\": 16|\"num_local_experts\": 99999999|n_routed_experts is 99999999",
                "\"num_local_experts\": 16|\"num_local_experts\": 17|has shape [16, 64], config.json calls for [17, 64]",
                "\"num_local_experts\": 16|\"experts\": 16|lacks n_routed_experts or num_experts",
                "\"hidden_size\": 64|\"hidden_size\": -64|hidden_size is -64",
                "\"hidden_size\": 64|\"hidden_size\": 1e300|hidden_size is",
                "\"hidden_size\": 64|\"hidden_size\": \"64\"|hidden_size is",
                "\"hidden_size\": 64|\"hidden_size\": 32|config.json calls for",
                "\"head_dim\": 24|\"head_dim\": 23|odd",
                "\"vocab_size\": 384|\"vocab_size\": 385|config.json calls for",
                "\"num_hidden_layers\": 3|\"num_hidden_layers\": 9223372036854775807|num_hidden_layers is",
                "\"rms_norm_eps\": 1e-06|\"rms_norm_eps\": -1|rms_norm_eps is -1",
                "\"rope_type\": \"default\"|\"rope_type\": \"mystery\"|rope_type mystery is not supported",
                "\"mlp_only_layers\": []|\"mlp_only_layers\": [0,1,2]|no layer of this model has experts",
                "\"mlp_only_layers\": []|\"mlp_only_layers\": 3|expected a list",
                "\"attention_bias\": false|\"attention_bias\": 0|expected true or false",
                "\"hidden_act\": \"silu\"|\"hidden_act\": \"gelu\"|hidden_act gelu",
                "\"hidden_act\": \"silu\"|\"quantization_config\": {\"quant_method\":\"awq\"}|quantised with awq"})
    void nonsenseInTheConfiguration(String old, String replacement, String problem) throws IOException {
        Models.editConfig(model, old, replacement);
        assertRefused(problem);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "{", "[]", "null", "{\"a\":1,\"a\":2}", "\u0000"})
    void configurationThatIsNoJsonObject(String text) throws IOException {
        Files.writeString(model.resolve("config.json"), text);
        assertRefused("config.json");
    }

    @Test
    void configurationThatIsCutOff() throws IOException {
        Path config = Files.writeString(model.resolve("config.json"), "{\"model_type\":\n{");
        assertThatThrownBy(() -> Engine.open(model, Models.options(1))).isInstanceOf(ModelException.class).hasMessage(
                config + " line 2: not valid JSON: Unexpected end-of-input: expected close marker for Object");
    }

    @Test
    void missingConfiguration() throws IOException {
        Files.delete(model.resolve("config.json"));
        assertRefused("config.json: no such file");
    }

    @Test
    void truncatedWeights() throws IOException {
        Path weights = model.resolve("model.safetensors");
        byte[] bytes = Files.readAllBytes(weights);
        Files.write(weights, Arrays.copyOf(bytes, bytes.length - 100));
        assertRefused("model.safetensors", "truncated");
    }

    @Test
    void missingTensorAndWrongType() throws IOException {
        Path weights = model.resolve("model.safetensors");
        String gate = "model.layers.1.mlp.gate.weight";
        CheckpointWriter.of(weights).retype(gate, "I16").write(weights);
        assertRefused(gate + " is I16");
        CheckpointWriter.of(weights).remove(gate).write(weights);
        assertRefused("no tensor " + gate);
    }

    @Test
    void routerWithoutFiniteLogits() throws IOException {
        Path weights = model.resolve("model.safetensors");
        float[] embedding = new float[384 * 64];
        Arrays.fill(embedding, 0.1f);
        embedding[7 * 64 + 3] = Float.NaN;
        CheckpointWriter.of(weights).put("model.embed_tokens.weight", embedding, 384, 64).write(weights);
        List<Request> requests = List.of(new Request("good", null, new int[]{1, 2, 3}, new int[0]),
                new Request("bad", null, new int[]{1, 2}, new int[]{7, 1}));
        try (Engine engine = Engine.open(model, Models.options(2))) {
            assertThatThrownBy(() -> engine.run(requests, RunOptions.quiet())).isInstanceOf(EngineException.class)
                    .hasMessageContaining("layer 0").hasMessageContaining("request bad, token 2");
        }
    }

    @Test
    void configurationInAnotherEncoding() throws IOException {
        Files.write(model.resolve("config.json"), new byte[]{0, 0, 0, '{', (byte) 0xff, 1, 2, 3});
        assertRefused("config.json", "no text in UTF-8");
    }

    @Test
    void normsThatAreNotFiniteAreNamed() throws IOException {
        Path weights = model.resolve("model.safetensors");
        String norm = "model.layers.2.post_attention_layernorm.weight";
        float[] values = new float[64];
        values[5] = Float.NaN;
        CheckpointWriter.of(weights).put(norm, values, 64).write(weights);
        List<String> warnings = new ArrayList<>();
        EngineOptions options = new EngineOptions(1L << 28, 1, warnings::add);
        Engine.open(model, options).close();
        assertThat(warnings).singleElement().asString()
                .isEqualTo(weights + ": tensor " + norm + " holds NaN (element 5): the checkpoint is damaged");
    }

    @Test
    void weightsThatAreNotFiniteAreNamedOnce() throws IOException {
        Path weights = model.resolve("model.safetensors");
        String unused = "model.layers.1.mlp.experts.3.down_proj.weight";
        long[] shape = shape(weights, unused);
        float[] values = new float[(int) (shape[0] * shape[1])];
        values[77] = Float.POSITIVE_INFINITY;
        CheckpointWriter.of(weights).put(unused, values, shape).write(weights);
        List<String> warnings = Collections.synchronizedList(new ArrayList<>());
        for (WeightReading reading : List.of(WeightReading.MAPPED, WeightReading.STREAMED)) {
            warnings.clear();
            try (Engine engine = Engine.open(model, Models.options(2),
                    loaded -> new CpuBackend(loaded, 2, 1L << 28, reading, warnings::add))) {
                List<Request> requests = List.of(new Request("one", null, new int[]{5}, new int[0]));
                for (int run = 0; run < 2; run++) {
                    try {
                        assertThat(engine.run(requests, RunOptions.quiet()).tokens()).isEqualTo(1);
                    } catch (EngineException e) {
                        assertThat(e).hasMessageContaining("layer 2");
                    }
                }
            }
            assertThat(warnings).singleElement().asString().contains("model.safetensors", unused, "Infinity");
        }
    }

    private static long[] shape(Path weights, String tensor) throws IOException {
        try (SafetensorsFile file = SafetensorsFile.open(weights)) {
            return file.find(tensor).orElseThrow().shape();
        }
    }

    @Test
    void memoryThatIsTooSmallForARequest() throws IOException {
        List<Request> requests = List.of(new Request("long", null, new int[300], new int[0]));
        EngineOptions options = new EngineOptions(1L << 20, 1, warning -> {});
        try (Engine engine = Engine.open(model, options)) {
            assertThatIllegalArgumentException().isThrownBy(() -> engine.run(requests, RunOptions.quiet()))
                    .withMessageContainingAll("request long with its 300 tokens needs --memory", "1M is too small");
        }
    }

    @Test
    void impossibleRequests() throws IOException {
        try (Engine engine = Engine.open(model, Models.options(1))) {
            for (int[] ids : List.of(new int[0], new int[]{1, 384}, new int[]{-1}, new int[513])) {
                assertThatIllegalArgumentException()
                        .isThrownBy(() -> engine.run(List.of(new Request("q-7", null, ids, new int[0])),
                                RunOptions.quiet()))
                        .withMessageContaining("q-7");
            }
            assertThat(engine.run(List.of(), RunOptions.quiet()).tokens()).isZero();
        }
    }

    @Test
    void cancellation() throws IOException {
        List<Request> requests = Models.workload(4, 60, 384, 1);
        try (Engine engine = Engine.open(model, Models.options(2))) {
            RunOptions cancelled = new RunOptions(progress -> {}, () -> true, Optional.empty());
            assertThatThrownBy(() -> engine.run(requests, cancelled)).isInstanceOf(CancellationException.class);
            Thread.currentThread().interrupt();
            assertThatThrownBy(() -> engine.run(requests, RunOptions.quiet()))
                    .isInstanceOf(CancellationException.class);
            assertThat(Thread.interrupted()).isTrue();
            assertThat(engine.run(requests, RunOptions.quiet()).requests()).isEqualTo(4);
        }
    }
}
