package io.moeplan.recording;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ManifestTest {
    @TempDir
    Path dir;

    @Test
    void readsWhatItWrote() throws IOException {
        Manifest manifest = Samples.manifest(Mode.PER_TOKEN).withTiming(Samples.TIMING).withState(20, 2, true);
        manifest.write(dir);
        assertThat(Manifest.read(dir)).isEqualTo(manifest);
        assertThat(dir).isDirectoryContaining("glob:**manifest.json").isDirectoryNotContaining("glob:**.tmp");
    }

    @Test
    void importsNeedNeitherDigestNorTiming() throws IOException {
        Manifest imported = new Manifest("0.1.0", new Manifest.Model("m", "deepseek_v3", null, null), 61, List.of(3),
                256, 8,
                8,
                Mode.STAT, 4096, null, new Origin.Import("sglang"), 0, 0, null, false);
        imported.write(dir);
        assertThat(Manifest.read(dir)).isEqualTo(imported);
    }

    @Test
    void namesAreSnakeCase() throws IOException {
        Samples.manifest(Mode.PER_PASS).withTiming(Samples.TIMING).write(dir);
        var json = new ObjectMapper().readTree(dir.resolve("manifest.json").toFile());
        assertThat(json.fieldNames()).toIterable().containsExactly("format", "version", "tool_version", "model",
                "num_hidden_layers", "layer_ids", "num_experts", "top_k", "num_groups", "mode", "pass_tokens",
                "workload_digest", "made_by", "tokens", "requests", "timing", "complete");
        assertThat(json.at("/made_by/device").asText()).isEqualTo("cpu");
        assertThat(json.at("/timing/tokens_per_second").asDouble()).isEqualTo(1000);
        assertThat(json.at("/layer_ids/2").asInt()).isEqualTo(5);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            "version" : 1              | "version" : 2               | version is 2
            "moeplan-recording"        | "parquet"                   | not a recording's manifest
            "num_experts" : 16         | "num_experts" : 0           | num_experts is 0, expected 1 to 65536
            "num_experts" : 16         | "num_experts" : "16"        | num_experts is string, expected a whole number
            "num_experts" : 16,        |                             | num_experts is missing
            "top_k" : 2                | "top_k" : 17                | top_k is 17, expected 1 to 16
            "mode" : "per-token"       | "mode" : "all"              | none of stat, per-pass, per-token
            [ 1, 2, 5 ]                | [ 1, 5, 2 ]                 | layer_ids, which ascend, is 2
            [ 1, 2, 5 ]                | [ 1, 2, "5" ]               | layer_ids holds "5"
            [ 1, 2, 5 ]                | [ ]                         | the number of layer_ids is 0
            "complete" : false         | "complete" : "no"           | complete is string, expected true or false
            "device" : "cpu",          |                             | device is missing
            "tokens" : 0               | "tokens" : -1               | tokens is -1
            "timing" : null            | "timing" : []               | timing is array
            "pass_tokens" : 100        | "pass_tokens" 100           | not JSON
            """)
    void faultsAreOneLineNamingFileAndField(String sound, String faulty, String message) throws IOException {
        Samples.manifest(Mode.PER_TOKEN).write(dir);
        Path file = dir.resolve("manifest.json");
        String json = Files.readString(file);
        assertThat(json).contains(sound);
        Files.writeString(file, json.replace(sound, faulty == null ? "" : faulty));
        assertThatThrownBy(() -> Manifest.read(dir)).isInstanceOf(IOException.class)
                .hasMessageStartingWith(file.toString()).hasMessageContaining(message)
                .satisfies(e -> assertThat(e.getMessage()).doesNotContain("\n"));
    }

    /** Its first bytes look like text in UTF-32. */
    @Test
    void aManifestInAnotherEncodingIsNamed() throws IOException {
        Files.write(dir.resolve("manifest.json"), new byte[]{(byte) 0x80, 0, 0, 0, 'm', 'a', 't', '"'});
        assertThatThrownBy(() -> Recording.open(dir)).isInstanceOf(IOException.class)
                .hasMessageContaining("manifest.json").hasMessageContaining("UTF-8");
    }

    @Test
    void aDirectoryWithoutManifestIsNoRecording() {
        assertThatThrownBy(() -> Recording.open(dir)).isInstanceOf(IOException.class)
                .hasMessageContaining("a recording is a directory with a manifest.json");
    }
}
