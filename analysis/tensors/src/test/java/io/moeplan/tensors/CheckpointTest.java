package io.moeplan.tensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class CheckpointTest {
    @TempDir
    private Path directory;

    @BeforeEach
    void twoShards() throws IOException {
        Bytes.write(directory.resolve("one.safetensors"), "{" + Bytes.entry("a", "U8", "[2]", 0, 2) + "}",
                new byte[]{1, 2});
        Bytes.write(directory.resolve("two.safetensors"), "{" + Bytes.entry("b", "U8", "[1]", 0, 1) + "}",
                new byte[]{3});
    }

    private void index(String json) throws IOException {
        Files.writeString(directory.resolve("model.safetensors.index.json"), json);
    }

    private void assertRefused(String problem) {
        assertThatThrownBy(() -> Checkpoint.open(directory).close()).isInstanceOf(CheckpointException.class)
                .hasMessageContaining(directory.toString()).hasMessageContaining(problem);
    }

    @Test
    void findsTensorsInTheirShards() throws IOException {
        index("{\"metadata\":{\"total_size\":3},\"weight_map\":{\"a\":\"one.safetensors\",\"b\":\"two.safetensors\"}}");
        try (Checkpoint checkpoint = Checkpoint.open(directory)) {
            assertThat(checkpoint.names()).containsExactlyInAnyOrder("a", "b");
            assertThat(checkpoint.bytes()).isEqualTo(3);
            assertThat(checkpoint.get("b").file()).hasFileName("two.safetensors");
            assertThatThrownBy(() -> checkpoint.get("c")).isInstanceOf(CheckpointException.class)
                    .hasMessageContaining("no tensor c");
        }
    }

    @Test
    void fingerprintTellsDataHeadersAndLengthsApart() throws IOException {
        String index = "{\"weight_map\":{\"a\":\"one.safetensors\",\"b\":\"two.safetensors\"}}";
        index(index);
        String first = fingerprint();
        assertThat(first).hasSize(64).isEqualTo(fingerprint());
        Path two = directory.resolve("two.safetensors");
        Bytes.write(two, "{" + Bytes.entry("b", "U8", "[1]", 0, 1) + "}", new byte[]{4});
        assertThat(fingerprint()).isNotEqualTo(first);
        Bytes.write(two, "{" + Bytes.entry("b", "I8", "[1]", 0, 1) + "}", new byte[]{3});
        assertThat(fingerprint()).isNotEqualTo(first);
        byte[] large = new byte[1 << 20];
        Bytes.write(two, "{" + Bytes.entry("b", "U8", "[1048576]", 0, 1 << 20) + "}", large);
        String zeros = fingerprint();
        large[large.length - 1] = 1;
        Bytes.write(two, "{" + Bytes.entry("b", "U8", "[1048576]", 0, 1 << 20) + "}", large);
        assertThat(fingerprint()).isNotEqualTo(zeros);
    }

    private String fingerprint() throws IOException {
        try (Checkpoint checkpoint = Checkpoint.open(directory)) {
            return checkpoint.fingerprint();
        }
    }

    @Test
    void refusesMissingParts() throws IOException {
        assertRefused("neither model.safetensors nor");
        index("{\"weight_map\":{\"a\":\"three.safetensors\"}}");
        assertRefused("missing, though model.safetensors.index.json names it");
        index("{\"weight_map\":{\"b\":\"one.safetensors\"}}");
        assertRefused("says that one.safetensors holds b, but it does not");
        assertThatThrownBy(() -> Checkpoint.open(directory.resolve("nowhere")).close())
                .hasMessageContaining("no such directory");
    }

    @ParameterizedTest
    @ValueSource(strings = {"../one.safetensors", "..", "/etc/passwd", "sub/one.safetensors", "a\\\\b", "C:x", "",
        "x\\u0000"})
    void refusesShardsOutsideTheDirectory(String shard) throws IOException {
        index("{\"weight_map\":{\"a\":\"" + shard + "\"}}");
        assertRefused("points outside the directory");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "[]", "{", "{\"weight_map\":3}", "{\"weight_map\":{\"a\":3}}", "{\"weight_map\":{}}",
        "{\"weight_map\":{\"a\":\"one.safetensors\",\"a\":\"one.safetensors\"}}"})
    void refusesWhatIsNoIndex(String json) throws IOException {
        index(json);
        assertRefused("model.safetensors.index.json");
    }
}
