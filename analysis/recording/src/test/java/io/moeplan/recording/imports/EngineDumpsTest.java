package io.moeplan.recording.imports;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.moeplan.eplb.LoadTrace;
import io.moeplan.eplb.Phase;
import io.moeplan.recording.Absent;
import io.moeplan.recording.Manifest;
import io.moeplan.recording.Mode;
import io.moeplan.recording.Origin;
import io.moeplan.recording.Recording;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** One trace as SGLang and TensorRT-LLM store it, against its true counts (truth.json), and a trace with a dense layer. */
class EngineDumpsTest {
    @TempDir
    private Path temp;

    @ParameterizedTest
    @CsvSource({"sglang_stat, , 0, stat", "sglang_per_pass, , 0, per-pass", "sglang_per_token, , 0, per-token",
        "sglang_per_token, PER_PASS, 0, per-pass", "trtllm, , 3, per-pass", "trtllm, PER_TOKEN, 3, per-token"})
    void importsToTheTruth(String dump, Mode mode, int firstLayer, String made) throws IOException {
        var truth = new ObjectMapper().readTree(Dumps.resource("truth.json").toFile());
        int[][][] counts = new ObjectMapper().treeToValue(truth.path("logical_count"), int[][][].class);
        Integer topK = dump.equals("sglang_stat") || dump.equals("sglang_per_pass") ? Integer.valueOf(4) : null;
        Recording recording = Dumps.imported(Dumps.resource(dump), Dumps.options(topK, mode), temp.resolve("rec"));
        Manifest manifest = recording.manifest();
        LoadTrace trace = recording.trace();
        assertThat(Dumps.counts(trace)).isDeepEqualTo(counts);
        assertThat(manifest.mode().label()).isEqualTo(made);
        assertThat(manifest.complete()).isTrue();
        assertThat(manifest.topK()).isEqualTo(4);
        assertThat(manifest.layerIds()).containsExactly(firstLayer, firstLayer + 1, firstLayer + 2, firstLayer + 3);
        assertThat(recording.lacks(Absent.REQUESTS)).isTrue();
        long tokens = 0;
        for (int[][] step : counts) {
            for (int count : step[0]) {
                tokens += count;
            }
        }
        assertThat(trace.tokens()).isEqualTo(tokens / 4);
    }

    @ParameterizedTest
    @CsvSource({"sglang_dense_stat.pt, ", "sglang_dense_per_pass, ", "sglang_dense_per_token, ",
        "sglang_dense_per_token, PER_PASS"})
    void leavesDenseLayersAndPaddingOut(String dump, Mode mode) throws IOException {
        int[][][] counts = new ObjectMapper().readValue(Dumps.resource("count_matrix/steps.json").toFile(),
                int[][][].class);
        Recording recording = Dumps.imported(Dumps.resource(dump), Dumps.options(null, mode), temp.resolve("rec"));
        assertThat(Dumps.counts(recording.trace())).isDeepEqualTo(counts);
        assertThat(recording.manifest().layerIds()).containsExactly(1, 2, 3, 4);
        assertThat(recording.manifest().numHiddenLayers()).isEqualTo(5);
    }

    @Test
    void keepsWhatTokensTell() throws IOException {
        Recording recording = Dumps.imported(Dumps.resource("sglang_dense_per_token"), Dumps.PLAIN,
                temp.resolve("rec"));
        assertThat(recording.manifest().origin())
                .isEqualTo(new Origin.Import("sglang", Set.of(Absent.REQUESTS)));
        assertThat(recording.manifest().topK()).isEqualTo(2);
        assertThat(recording.manifest().passTokens()).isEqualTo(600);
        assertThat(recording.requests()).extracting("id").containsExactly("pass 1", "pass 2");
        assertThat(recording.trace().steps()).extracting(LoadTrace.Step::phase).containsExactly(Phase.PREFILL,
                Phase.DECODE);
        assertThat(recording.trace().steps()).extracting(LoadTrace.Step::tokens).containsExactly(600, 10);
        assertThat(recording.trace(100).steps()).hasSize(7);
    }

    @Test
    void saysWhatCountsDoNotTell() throws IOException {
        Recording recording = Dumps.imported(Dumps.resource("sglang_stat"), Dumps.PLAIN, temp.resolve("rec"));
        assertThat(((Origin.Import) recording.manifest().origin()).absent()).containsExactlyInAnyOrder(Absent.TOP_K,
                Absent.TOKENS, Absent.REQUESTS, Absent.PHASES);
        assertThat(Manifest.read(temp.resolve("rec"))).isEqualTo(recording.manifest());
    }

    /** Newer versions of TensorRT-LLM count tokens too; attention data parallelism gives every rank its own. */
    @Test
    void tokensOfTheRanksAddUp() throws IOException {
        Path folder = Files.createDirectory(temp.resolve("counted"));
        StringBuilder tokens = new StringBuilder("{");
        for (int iteration = 100; iteration < 106; iteration++) {
            for (int layer = 3; layer < 7; layer++) {
                tokens.append(tokens.length() > 1 ? ", " : "").append('"').append(iteration).append('_').append(layer)
                        .append("\": ").append(iteration);
            }
        }
        for (int rank = 0; rank < 4; rank++) {
            String name = "rank" + rank;
            Files.copy(Dumps.resource("trtllm/" + name + ".safetensors"), folder.resolve(name + ".safetensors"));
            Files.writeString(folder.resolve(name + "_numtokens.json"), tokens + "}");
        }
        Files.copy(Dumps.resource("trtllm/meta_info.json"), folder.resolve("meta_info.json"));
        Recording recording = Dumps.imported(folder, Dumps.PLAIN, temp.resolve("rec"));
        assertThat(recording.trace().steps()).extracting(LoadTrace.Step::tokens).containsExactly(400, 404, 408, 412,
                416, 420);
        Files.writeString(folder.resolve("rank2_numtokens.json"), "{\"100_3\": -1}");
        refused(folder, Dumps.PLAIN, "rank2_numtokens.json");
    }

    @Test
    void passesOfARestartedServerFollow() throws IOException {
        Path twice = Files.createDirectory(temp.resolve("twice"));
        Path dump = Dumps.resource("sglang_per_pass/expert_distribution_recorder_1750000001.0_0.pt");
        Files.copy(dump, twice.resolve("a.pt"));
        Files.copy(dump, twice.resolve("b.pt"));
        Recording recording = Dumps.imported(twice, Dumps.PLAIN, temp.resolve("rec"));
        assertThat(Dumps.ids(recording.trace())).hasSize(12).isSorted().doesNotHaveDuplicates();
    }

    @Test
    void refusesWhatASourceCannotGive() {
        refused(Dumps.resource("sglang_stat"), Dumps.options(null, Mode.PER_TOKEN), "holds counts");
        refused(Dumps.resource("trtllm"), Dumps.options(3, null), "leave --top-k out");
        refused(Dumps.resource("vllm-ascend-map.json"), Dumps.PLAIN, "an expert map (vllm-ascend)");
        refused(temp.resolve("absent"), Dumps.PLAIN, "no such file");
    }

    @Test
    void refusesDamagedDumpsAndLeavesNothing() throws IOException {
        Path folder = Files.createDirectory(temp.resolve("half"));
        Files.copy(Dumps.resource("trtllm/meta_info.json"), folder.resolve("meta_info.json"));
        refused(folder, Dumps.PLAIN, "rank<r>.safetensors");
        byte[] rank = Files.readAllBytes(Dumps.resource("trtllm/rank0.safetensors"));
        Files.write(folder.resolve("rank0.safetensors"), Arrays.copyOf(rank, rank.length - 1));
        refused(folder, Dumps.PLAIN, "rank0.safetensors");
        Files.write(folder.resolve("rank0.safetensors"), rank);
        Files.writeString(folder.resolve("meta_info.json"), "{\"num_experts\": 15, \"num_experts_per_token\": 4}");
        refused(folder, Dumps.PLAIN, "100_3");
    }

    private void refused(Path source, ImportOptions options, String why) {
        Path out = temp.resolve("refused");
        assertThatThrownBy(() -> Importer.run(source, null, options, out, ImportProgress.NONE))
                .isInstanceOfAny(IOException.class, IllegalArgumentException.class)
                .hasMessageContaining(source.getFileName().toString()).hasMessageContaining(why);
        assertThat(temp).isDirectoryNotContaining("glob:**refused*");
    }
}
