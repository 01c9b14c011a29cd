package io.moeplan.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A damaged checkpoint is refused in one line that names the file, the tensor and what is wrong with it. */
final class CorruptCheckpointTest {
    private static final String SINGLE = "model.safetensors";

    @TempDir
    private Path temp;

    private static void assertRefused(Path model, String file, String... parts) {
        assertThatThrownBy(() -> Engine.open(model, Models.options(1)).close()).isInstanceOf(IOException.class)
                .hasMessageStartingWith(model.resolve(file).toString()).hasMessageContainingAll(parts)
                .satisfies(e -> assertThat(e.getMessage().lines()).hasSize(1));
    }

    private CheckpointWriter weights(Path model) throws IOException {
        return CheckpointWriter.of(model.resolve(SINGLE));
    }

    @Test
    void wrongShape() throws IOException {
        Path model = Models.copy("qwen3_moe", temp);
        String down = "model.layers.1.mlp.experts.3.down_proj.weight";
        weights(model).reshape(down, 32, 64).write(model.resolve(SINGLE));
        assertRefused(model, SINGLE, down, "has shape [32, 64], config.json calls for [64, 32]");
    }

    @Test
    void fewerExpertsThanTheConfigurationSays() throws IOException {
        Path model = Models.copy("qwen3_moe", temp);
        Models.editConfig(model, "\"num_local_experts\": 16", "\"num_local_experts\": 17");
        assertRefused(model, SINGLE, "model.layers.0.mlp.gate.weight",
                "has shape [16, 64], config.json calls for [17, 64]");
        Models.editConfig(model, "\"num_local_experts\": 17", "\"num_local_experts\": 16");
        String missing = "model.layers.2.mlp.experts.15.up_proj.weight";
        weights(model).remove(missing).write(model.resolve(SINGLE));
        assertRefused(model, "", "no tensor " + missing);
    }

    @ParameterizedTest
    @CsvSource({"gpt_oss, model.layers.0.mlp.experts.gate_up_proj, 4",
        "granitemoe, model.layers.0.block_sparse_moe.input_linear.weight, 4",
        "llama4_text, model.layers.0.feed_forward.experts.gate_up_proj, 4"})
    void fusedTensorWithAnotherNumberOfExperts(String name, String tensor, int halved) throws IOException {
        Path model = Models.copy(name, temp);
        CheckpointWriter writer = weights(model);
        writer.first(tensor, halved).write(model.resolve(SINGLE));
        assertRefused(model, SINGLE, tensor, "holds " + halved + " experts, config.json says 8");
    }

    @Test
    void wrongType() throws IOException {
        Path model = Models.copy("qwen3_moe", temp);
        String norm = "model.layers.0.input_layernorm.weight";
        weights(model).retype(norm, "I16").write(model.resolve(SINGLE));
        assertRefused(model, SINGLE, norm + " is I16");
    }

    @Test
    void missingSelectionBias() throws IOException {
        for (String name : List.of("deepseek_v3", "minimax_m2", "ernie4_5_moe")) {
            Path model = Models.copy(name, temp);
            CheckpointWriter writer = weights(model);
            String bias = writer.names().stream().filter(tensor -> tensor.endsWith("e_score_correction_bias")).sorted()
                    .findFirst().orElseThrow();
            writer.remove(bias).write(model.resolve(SINGLE));
            assertRefused(model, "", "no tensor " + bias);
        }
    }

    @Test
    void missingScales() throws IOException {
        Path model = copyAll("deepseek_v3_fp8");
        Path shard = model.resolve("model-00001-of-00002.safetensors");
        String scale = CheckpointWriter.of(shard).names().stream().filter(name -> name.endsWith("weight_scale_inv"))
                .sorted().findFirst().orElseThrow();
        CheckpointWriter.of(shard).remove(scale).write(shard);
        Path index = model.resolve("model.safetensors.index.json");
        assertRefused(model, "model.safetensors.index.json", scale, "but it does not");
        Files.writeString(index, Files.readString(index)
                .replaceFirst("\"" + scale.replace(".", "\\.") + "\": \"[^\"]*\",?\\s*", ""));
        assertRefused(model, shard.getFileName().toString(), "is F8_E4M3, but the checkpoint has no scales for it",
                scale);
    }

    @Test
    void missingMxfp4Scales() throws IOException {
        Path model = Models.copy("gpt_oss_mxfp4", temp);
        String scale = "model.layers.1.mlp.experts.down_proj_scales";
        weights(model).remove(scale).write(model.resolve(SINGLE));
        assertRefused(model, SINGLE, "model.layers.1.mlp.experts.down_proj_blocks", "no scales for it", scale);
    }

    @Test
    void indexThatPointsOutside() throws IOException {
        Path model = copyAll("deepseek_v3_fp8");
        Path index = model.resolve("model.safetensors.index.json");
        String text = Files.readString(index);
        Files.writeString(index, text.replaceFirst("model-00001-of-00002", "../model-00001-of-00002"));
        assertRefused(model, "model.safetensors.index.json", "points outside the directory: ../model-00001");
        Files.writeString(index, text.replaceFirst("model-00001-of-00002", "model-00003-of-00002"));
        assertRefused(model, "model-00003-of-00002.safetensors", "missing, though");
    }

    @Test
    void tensorNamedTwice() throws IOException {
        Path model = copyAll("deepseek_v3_fp8");
        Path index = model.resolve("model.safetensors.index.json");
        Files.writeString(index, Files.readString(index).replaceFirst("\"weight_map\": \\{",
                "\"weight_map\": {\"model.norm.weight\": \"model-00001-of-00002.safetensors\","));
        assertRefused(model, "model.safetensors.index.json", "names model.norm.weight twice");
    }

    @Test
    void truncatedShard() throws IOException {
        Path model = copyAll("deepseek_v3_fp8");
        Path shard = model.resolve("model-00002-of-00002.safetensors");
        byte[] bytes = Files.readAllBytes(shard);
        Files.write(shard, Arrays.copyOf(bytes, bytes.length - 7));
        assertRefused(model, "model-00002-of-00002.safetensors", "tensor ", "truncated");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"awq|{\"quant_method\": \"awq\"}|quantised with awq",
        "compressed|{\"quant_method\": \"compressed-tensors\", \"format\": \"pack-quantized\"}|(pack-quantized)",
        "int8|{\"quant_method\": \"compressed-tensors\", \"format\": \"float-quantized\", \"config_groups\": {\"g\":"
                + " {\"weights\": {\"num_bits\": 4}}}}|4 bits",
        "modelopt|{\"quant_method\": \"modelopt\", \"quant_algo\": \"NVFP4\"}|modelopt's NVFP4"})
    void unknownQuantisation(String name, String quantisation, String problem) throws IOException {
        Path model = Models.copy("qwen3_moe", temp);
        Models.editConfig(model, "\"hidden_act\": \"silu\"",
                "\"hidden_act\": \"silu\", \"quantization_config\": " + quantisation);
        assertRefused(model, "config.json", problem, "not supported; use the fp8");
    }

    private Path copyAll(String name) throws IOException {
        Path copy = Files.createDirectory(temp.resolve(name));
        try (Stream<Path> files = Files.list(Models.directory(name))) {
            for (Path file : files.toList()) {
                Files.copy(file, copy.resolve(file.getFileName().toString()));
            }
        }
        return copy;
    }
}
