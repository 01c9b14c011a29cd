package io.moeplan.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.moeplan.engine.workload.Request;
import io.moeplan.tensors.SafetensorsFile;
import io.moeplan.tensors.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What configurations can switch on and the fixtures do not, against transformers: {@code variants/make.py} says what each
 * of these models is and how they were made.
 */
final class TransformersVariantsTest {
    private static final int SEQUENCE = 40;
    private static final float TOLERANCE = 2e-4f;

    static Stream<Path> variants() throws IOException {
        try (Stream<Path> directories = Files.list(Models.resource("/variants"))) {
            return directories.filter(Files::isDirectory).sorted().toList().stream();
        }
    }

    @ParameterizedTest
    @MethodSource("variants")
    void matchesTransformers(Path directory) throws IOException {
        check(directory, directory);
    }

    /** Llama 4 and Kimi-K2.5 are published as the language model of a larger one. */
    @Test
    void matchesTransformersUnderAPrefix(@TempDir Path temp) throws IOException {
        Path plain = Models.resource("/variants/llama4_unrotated");
        String config = Files.readString(plain.resolve("config.json"));
        for (String prefix : List.of("language_model.model.", "model.language_model.")) {
            Path nested = Files.createDirectory(temp.resolve(prefix.substring(0, 5)));
            Files.writeString(nested.resolve("config.json"),
                    "{\"model_type\": \"llama4\", \"text_config\": " + config + "}");
            CheckpointWriter.of(plain.resolve("model.safetensors"))
                    .rename(name -> name.startsWith("model.")
                            ? prefix + name.substring(6)
                            : prefix.startsWith("language_model") ? "language_model." + name : name)
                    .put("vision_model.embedding.weight", new float[6], 2, 3)
                    .write(nested.resolve("model.safetensors"));
            check(nested, plain);
        }
    }

    /** Llama 4 in fp8 is published with its experts taken apart, fused in bfloat16. */
    @Test
    void matchesTransformersWithExpertsApart(@TempDir Path temp) throws IOException {
        Path plain = Models.resource("/variants/llama4_unrotated");
        Files.copy(plain.resolve("config.json"), temp.resolve("config.json"));
        CheckpointWriter writer = CheckpointWriter.of(plain.resolve("model.safetensors"));
        try (SafetensorsFile file = SafetensorsFile.open(plain.resolve("model.safetensors"))) {
            for (String fused : file.names()) {
                if (fused.contains(".experts.")) {
                    takeApart(file.find(fused).orElseThrow(), writer.remove(fused));
                }
            }
        }
        writer.write(temp.resolve("model.safetensors"));
        check(temp, plain);
    }

    /** {@code [experts, in, out]} into {@code [out, in]} for each expert, gate and up apart. */
    private static void takeApart(Tensor fused, CheckpointWriter into) {
        boolean down = fused.name().endsWith("down_proj");
        float[] values = fused.toFloats();
        int in = (int) fused.shape()[1];
        int all = (int) fused.shape()[2];
        int out = down ? all : all / 2;
        for (int expert = 0; expert < fused.shape()[0]; expert++) {
            for (int part = 0; part < all / out; part++) {
                float[] matrix = new float[out * in];
                for (int row = 0; row < out; row++) {
                    for (int column = 0; column < in; column++) {
                        matrix[row * in + column] = values[(expert * in + column) * all + part * out + row];
                    }
                }
                String name = down ? "down_proj" : List.of("gate_proj", "up_proj").get(part);
                into.put(fused.name().replaceFirst("experts\\..*", "experts." + expert + "." + name + ".weight"),
                        matrix,
                        out, in);
            }
        }
    }

    private static void check(Path directory, Path golden) throws IOException {
        try (SafetensorsFile expected = SafetensorsFile.open(golden.resolve("expected.safetensors"));
                Engine engine = Engine.open(directory, Models.options(2))) {
            int[] ids = expected.find("input_ids").orElseThrow().toInts();
            List<Request> requests = List.of(
                    new Request("a", null, Arrays.copyOfRange(ids, 0, SEQUENCE), new int[0]),
                    new Request("b", null, Arrays.copyOfRange(ids, SEQUENCE, 2 * SEQUENCE), new int[0]));
            engine.run(requests, RunOptions.observedBy(new Comparison(expected, engine.info().layers())));
        }
    }

    private record Comparison(SafetensorsFile expected, int layers) implements Observer {
        @Override
        public void hidden(int layer, int request, int position, float[] values) {
            if (layer == layers) {
                compare("hidden." + layer, request, position, values);
            }
        }

        @Override
        public void logits(int request, int position, float[] values) {
            compare("logits", request, position, values);
        }

        private void compare(String name, int request, int position, float[] values) {
            float[] want = new float[values.length];
            expected.find(name).orElseThrow().read((long) (request * SEQUENCE + position) * want.length, want, 0,
                    want.length);
            for (int i = 0; i < want.length; i++) {
                assertThat(Math.abs(values[i] - want[i])).as("%s of request %d, token %d", name, request, position)
                        .isLessThan(TOLERANCE);
            }
        }
    }
}
