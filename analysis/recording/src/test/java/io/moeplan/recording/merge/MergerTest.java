package io.moeplan.recording.merge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.moeplan.eplb.LoadTrace;
import io.moeplan.recording.Absent;
import io.moeplan.recording.Manifest;
import io.moeplan.recording.Mode;
import io.moeplan.recording.Origin;
import io.moeplan.recording.Recording;
import io.moeplan.recording.RequestRow;
import io.moeplan.recording.imports.ImportOptions;
import io.moeplan.recording.imports.ImportProgress;
import io.moeplan.recording.imports.Importer;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MergerTest {
    private static final ImportOptions TOP_4 = new ImportOptions("test", 4, null, null, 1, null);
    private static final ImportOptions PLAIN = ImportOptions.of("test");

    @TempDir
    private Path temp;

    private Path imported(Path source, ImportOptions options, String name) throws IOException {
        Importer.run(source, null, options, temp.resolve(name), ImportProgress.NONE);
        return temp.resolve(name);
    }

    private static Path dump(String name) {
        try {
            return Path.of(Recording.class.getResource("imports/" + name).toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    private Recording merged(Merger.By by, Path... sources) throws IOException {
        Path out = temp.resolve("merged");
        Manifest written = Merger.run(List.of(sources), by, "test", out);
        assertThat(Manifest.read(out)).isEqualTo(written);
        return Recording.open(out);
    }

    /** The same as when the importer adds up the ranks, which the truth is known of. */
    @Test
    void ranksAddUpToTheWhole() throws IOException {
        LoadTrace whole = Recording.open(imported(dump("sglang_per_pass"), TOP_4, "whole")).trace();
        List<Path> ranks = new ArrayList<>();
        try (Stream<Path> files = Files.list(dump("sglang_per_pass"))) {
            for (Path file : files.sorted().toList()) {
                ranks.add(imported(file, TOP_4, "rank" + ranks.size()));
            }
        }
        LoadTrace sum = merged(Merger.By.RANK, ranks.toArray(Path[]::new)).trace();
        assertThat(sum.steps()).extracting(LoadTrace.Step::id)
                .isEqualTo(whole.steps().stream().map(LoadTrace.Step::id).toList());
        for (int step = 0; step < whole.steps().size(); step++) {
            assertThat(sum.steps().get(step).counts()).containsExactly(whole.steps().get(step).counts());
            assertThat(sum.steps().get(step).tokens()).isEqualTo(whole.steps().get(step).tokens());
        }
    }

    @Test
    void daysFollowEachOther() throws IOException {
        Path day = imported(dump("trtllm"), PLAIN, "day");
        Recording both = merged(Merger.By.TIME, day, day);
        List<LoadTrace.Step> one = Recording.open(day).trace().steps();
        List<LoadTrace.Step> two = both.trace().steps();
        assertThat(two).hasSize(2 * one.size());
        assertThat(two).extracting(LoadTrace.Step::id).isSorted().doesNotHaveDuplicates();
        for (int i = 0; i < two.size(); i++) {
            assertThat(two.get(i).counts()).containsExactly(one.get(i % one.size()).counts());
        }
        assertThat(both.manifest().origin()).isEqualTo(new Origin.Import("tensorrt-llm",
                ((Origin.Import) Manifest.read(day).origin()).absent()));
        assertThat(both.manifest().tokens()).isEqualTo(2 * Manifest.read(day).tokens());
    }

    @Test
    void sumsBecomeStepsOrOneSum() throws IOException {
        Path sum = imported(dump("count_matrix/one.txt"), PLAIN, "sum");
        assertThat(Recording.open(sum).lacks(Absent.STEPS)).isTrue();
        Recording days = merged(Merger.By.TIME, sum, sum);
        assertThat(days.trace().steps()).hasSize(2);
        assertThat(days.lacks(Absent.STEPS)).isFalse();
        Path added = temp.resolve("added");
        Merger.run(List.of(sum, sum, sum), Merger.By.RANK, "test", added);
        assertThat(Recording.open(added).lacks(Absent.STEPS)).isTrue();
        assertThat(Recording.open(added).trace().steps()).singleElement().satisfies(step -> {
            int[] one = days.trace().steps().getFirst().counts();
            for (int i = 0; i < one.length; i++) {
                assertThat(step.counts()[i]).isEqualTo(3 * one[i]);
            }
        });
    }

    @Test
    void tokensAppendAndRequestsAreNumberedAnew() throws IOException {
        Path a = outputs("a", "x", 2);
        Path b = outputs("b", "x", 3);
        Recording merged = merged(Merger.By.TIME, a, b);
        assertThat(merged.requests()).extracting(RequestRow::request).containsExactly(0, 1, 2, 3, 4);
        assertThat(merged.requests()).extracting(RequestRow::id).containsExactly("x0", "x1", "x0", "x1", "x2");
        List<Integer> requests = new ArrayList<>();
        List<Integer> experts = new ArrayList<>();
        merged.forEachTokenBatch(rows -> {
            for (int row = 0; row < rows.rows(); row++) {
                requests.add(rows.request()[row]);
                experts.add(rows.expert(row * 4 + 3));
            }
        });
        assertThat(requests).containsExactly(0, 1, 2, 3, 4);
        assertThat(experts).containsExactly(3, 4, 3, 4, 5);
        assertThat(merged.manifest().tokens()).isEqualTo(5);
        assertThat(merged.manifest().requests()).isEqualTo(5);
    }

    /** Of one token each, which goes to expert 3 and up. */
    private Path outputs(String name, String id, int count) throws IOException {
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < count; i++) {
            lines.append("{\"id\":\"").append(id).append(i).append("\",\"choices\":[{\"routed_experts\":[[[0,1],[2,")
                    .append(3 + i).append("]]]}]}\n");
        }
        Path file = Files.writeString(temp.resolve(name + ".jsonl"), lines);
        return imported(file, new ImportOptions("test", null, 8, null, 1, null), name);
    }

    @Test
    void saysHowManifestsDiffer() throws IOException {
        Path trtllm = imported(dump("trtllm"), PLAIN, "trtllm");
        Path sglang = imported(dump("sglang_per_pass"), PLAIN, "sglang");
        Path tokens = imported(dump("sglang_per_token"), PLAIN, "tokens");
        refused("layer_ids is [3, 4, 5, 6] in " + trtllm + ", [0, 1, 2, 3] in " + sglang, Merger.By.TIME, trtllm,
                sglang);
        refused("top_k is 4 in " + trtllm + ", 1 in " + sglang, Merger.By.TIME, trtllm, sglang);
        refused("mode is per-pass in " + sglang + ", per-token in " + tokens, Merger.By.TIME, sglang, tokens);
        refused("import the ranks of a dump together", Merger.By.RANK, tokens, tokens);
        Path requests = outputs("a", "x", 2);
        refused("merge by time", Merger.By.RANK, requests, requests);
        refused("absent", Merger.By.TIME, tokens, temp.resolve("absent"));
        assertThat(Manifest.read(tokens).mode()).isEqualTo(Mode.PER_TOKEN);
    }

    private void refused(String why, Merger.By by, Path... sources) {
        Path out = temp.resolve("refused");
        assertThatThrownBy(() -> Merger.run(List.of(sources), by, "test", out)).hasMessageContaining(why);
        assertThat(out).doesNotExist();
    }
}
