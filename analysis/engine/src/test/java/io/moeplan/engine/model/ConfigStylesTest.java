package io.moeplan.engine.model;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.moeplan.engine.Models;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The older style of the Hub and the newer say the same. */
final class ConfigStylesTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    private Path temp;

    static Stream<String> models() throws IOException {
        return Models.fixtures();
    }

    @ParameterizedTest
    @MethodSource("models")
    void bothStylesAreReadAlike(String name) throws IOException {
        ObjectNode config = (ObjectNode) JSON.readTree(Models.directory(name).resolve("config.json").toFile());
        ObjectNode older = older(config.deepCopy());
        ObjectNode newer = newer(older.deepCopy());
        assertThat(older.has("rope_parameters")).isFalse();
        assertThat(newer.has("rope_theta")).isFalse();
        String want = describe(config);
        assertThat(describe(older)).isEqualTo(want);
        assertThat(describe(newer)).isEqualTo(want);
    }

    /** {@code rope_theta}, {@code rope_scaling} with {@code type}, {@code torch_dtype}. */
    private static ObjectNode older(ObjectNode config) {
        rename(config, "dtype", "torch_dtype");
        if (config.get("rope_parameters") instanceof ObjectNode rope) {
            config.remove("rope_parameters");
            config.set("rope_theta", rope.remove("rope_theta"));
            if (rope.has("partial_rotary_factor")) {
                config.set("partial_rotary_factor", rope.remove("partial_rotary_factor"));
            }
            rename(rope, "rope_type", "type");
            if (rope.path("type").asText().equals("default")) {
                config.putNull("rope_scaling");
            } else {
                config.set("rope_scaling", rope);
            }
        }
        return config;
    }

    /** {@code rope_parameters} with {@code rope_type}, {@code dtype}. */
    private static ObjectNode newer(ObjectNode config) {
        rename(config, "torch_dtype", "dtype");
        ObjectNode rope = config.remove("rope_scaling") instanceof ObjectNode scaling
                ? scaling
                : JSON.createObjectNode().put("type", "default");
        rename(rope, "type", "rope_type");
        rope.set("rope_theta", config.remove("rope_theta"));
        if (config.has("partial_rotary_factor")) {
            rope.set("partial_rotary_factor", config.remove("partial_rotary_factor"));
        }
        config.set("rope_parameters", rope);
        return config;
    }

    private static void rename(ObjectNode node, String from, String to) {
        if (node.has(from)) {
            node.set(to, node.remove(from));
        }
    }

    /** Everything that was read, arrays by their values. */
    private String describe(ObjectNode config) throws IOException {
        Path file = temp.resolve("config.json");
        Files.writeString(file, config.toString());
        Architecture read = Architectures.read(ConfigReader.open(file));
        StringBuilder text = new StringBuilder();
        for (Architecture.Layer layer : read.layers()) {
            if (layer.attention() instanceof Attention.Softmax softmax && softmax.rope().isPresent()) {
                text.append(Arrays.toString(softmax.rope().get().frequencies()));
            }
        }
        return text + read.toString().replaceAll("frequencies=[^,]*", "");
    }
}
