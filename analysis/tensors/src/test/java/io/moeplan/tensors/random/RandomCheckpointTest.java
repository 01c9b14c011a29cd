package io.moeplan.tensors.random;

import static org.assertj.core.api.Assertions.assertThat;

import io.moeplan.tensors.Checkpoint;
import io.moeplan.tensors.matrix.Matrix;
import io.moeplan.tensors.matrix.WeightSource;
import io.moeplan.tensors.matrix.WeightSource.BlockSize;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the generator writes is a checkpoint with weights of the wanted spread. */
final class RandomCheckpointTest {
    @TempDir
    private Path directory;

    @ParameterizedTest
    @CsvSource({"bench,num_experts,model.layers.1.mlp.experts.1.down_proj.weight",
        "qwen3-30b-a3b,num_experts,model.layers.1.mlp.experts.1.up_proj.weight",
        "mixtral-8x7b,num_local_experts,model.layers.0.block_sparse_moe.experts.1.w2.weight",
        "deepseek-v3,n_routed_experts,model.layers.1.mlp.experts.1.gate_proj.weight",
        "glm-4.5,n_routed_experts,model.layers.1.mlp.shared_experts.down_proj.weight",
        "gpt-oss-120b,num_local_experts,model.layers.1.mlp.experts.gate_up_proj"})
    void writesEveryPreset(String preset, String experts, String name) throws IOException {
        List<String> settings = new ArrayList<>(
                List.of("num_hidden_layers=2", "hidden_size=192", "intermediate_size=160",
                        experts + "=3",
                        "vocab_size=100", "num_attention_heads=8", "shard_gb=0.002"));
        if (preset.equals("deepseek-v3") || preset.equals("glm-4.5")) {
            settings.add("first_k_dense_replace=1");
        }
        long bytes = RandomCheckpoint.write(preset, directory, settings);
        try (Checkpoint checkpoint = Checkpoint.open(directory)) {
            assertThat(checkpoint.bytes()).isEqualTo(bytes);
            WeightSource source = new WeightSource(checkpoint, Optional.of(new BlockSize(128, 128)));
            Matrix matrix = preset.startsWith("gpt") ? source.expert(name, 2) : source.matrix(name);
            assertThat(matrix.firstNonFinite()).isEmpty();
            assertThat(spread(matrix)).isBetween(0.8 / Math.sqrt(matrix.columns()), 1.2 / Math.sqrt(matrix.columns()));
        }
        assertThat(Files.readString(directory.resolve("config.json"))).contains("\"hidden_size\": 192,")
                .contains("\"num_hidden_layers\": 2,");
    }

    private static double spread(Matrix matrix) {
        double sum = 0;
        float[] row = new float[matrix.columns()];
        for (int r = 0; r < matrix.rows(); r++) {
            matrix.read(r, 0, row, 0, row.length);
            for (float value : row) {
                sum += value * value;
            }
        }
        return Math.sqrt(sum / matrix.rows() / matrix.columns());
    }

    @Test
    void isDeterministic() throws IOException {
        List<String> settings = List.of("num_hidden_layers=1", "num_experts=2", "hidden_size=64");
        RandomCheckpoint.write("bench", directory.resolve("a"), settings);
        RandomCheckpoint.write("bench", directory.resolve("b"), settings);
        assertThat(directory.resolve("a/model.safetensors")).hasSameBinaryContentAs(
                directory.resolve("b/model.safetensors"));
    }
}
