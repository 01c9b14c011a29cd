package io.moeplan.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.moeplan.engine.model.Model;
import io.moeplan.engine.workload.Request;
import io.moeplan.tensors.Checkpoint;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What config.json can switch on, against a plain double-precision implementation. */
final class VariantsTest {
    private static final int HIDDEN = 64;
    private final Random random = new Random(11);
    private Path model;

    @BeforeEach
    void copy(@TempDir Path directory) {
        model = Models.copy("qwen3_moe", directory);
    }

    private float[] noise(int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian() * 0.15f;
        }
        return values;
    }

    private void assertMatchesReference(int length) throws IOException {
        int[] ids = random.ints(length, 0, 384).toArray();
        double[][] want;
        try (Checkpoint checkpoint = Checkpoint.open(model)) {
            want = new Reference(Model.load(checkpoint)).residual(ids);
        }
        float[][] have = new float[length][];
        try (Engine engine = Engine.open(model, Models.options(2))) {
            int layers = engine.info().layers();
            float[] finalNorm = new float[HIDDEN];
            try (Checkpoint checkpoint = Checkpoint.open(model)) {
                checkpoint.get("model.norm.weight").read(0, finalNorm, 0, HIDDEN);
            }
            engine.run(List.of(new Request("before", null, new int[]{1, 2, 3}, new int[0]),
                    new Request("r", null, ids, new int[0])), RunOptions.observedBy(new Observer() {
                        @Override
                        public void hidden(int layer, int request, int position, float[] values) {
                            if (layer == layers && request == 1) {
                                have[position] = values.clone();
                            }
                        }

                        @Override
                        public void logits(int request, int position, float[] values) {}
                    }));
            for (int t = 0; t < length; t++) {
                double mean = Arrays.stream(want[t]).map(x -> x * x).average().orElseThrow();
                for (int i = 0; i < HIDDEN; i++) {
                    double expected = finalNorm[i] * want[t][i] / Math.sqrt(mean + 1e-6);
                    assertThat(Math.abs(have[t][i] - expected)).as("token %d", t).isLessThan(2e-4);
                }
            }
        }
    }

    @Test
    void longerThanOneBlockOfKeys() throws IOException {
        assertMatchesReference(300);
    }

    @Test
    void slidingWindowYarnAndUnnormalisedWeights() throws IOException {
        Models.editConfig(model, "\"use_sliding_window\": false", "\"use_sliding_window\": true");
        Models.editConfig(model, "\"sliding_window\": null", "\"sliding_window\": 5");
        Models.editConfig(model, "\"rope_type\": \"default\"",
                "\"rope_type\": \"yarn\", \"factor\": 4.0, \"original_max_position_embeddings\": 64");
        Models.editConfig(model, "\"norm_topk_prob\": true", "\"norm_topk_prob\": false");
        assertMatchesReference(150);
    }

    @Test
    void denseLayersBiasesAndTiedHead() throws IOException {
        Models.editConfig(model, "\"mlp_only_layers\": []", "\"mlp_only_layers\": [2]");
        Models.editConfig(model, "\"decoder_sparse_step\": 1", "\"decoder_sparse_step\": 2");
        Models.editConfig(model, "\"attention_bias\": false", "\"attention_bias\": true");
        Models.editConfig(model, "\"tie_word_embeddings\": false", "\"tie_word_embeddings\": true");
        CheckpointWriter writer = CheckpointWriter.of(model.resolve("model.safetensors")).remove("lm_head.weight");
        for (int layer = 0; layer < 3; layer++) {
            String prefix = "model.layers." + layer + ".";
            writer.put(prefix + "self_attn.q_proj.bias", noise(96), 96)
                    .put(prefix + "self_attn.k_proj.bias", noise(48), 48)
                    .put(prefix + "self_attn.v_proj.bias", noise(48), 48)
                    .put(prefix + "self_attn.o_proj.bias", noise(HIDDEN), HIDDEN)
                    .put(prefix + "mlp.gate_proj.weight", noise(96 * HIDDEN), 96, HIDDEN)
                    .put(prefix + "mlp.up_proj.weight", noise(96 * HIDDEN), 96, HIDDEN)
                    .put(prefix + "mlp.down_proj.weight", noise(96 * HIDDEN), HIDDEN, 96);
        }
        writer.write(model.resolve("model.safetensors"));
        assertMatchesReference(50);
        try (Engine engine = Engine.open(model, Models.options(1))) {
            assertThat(engine.info().moeLayers()).containsExactly(1);
        }
    }
}
