package io.moeplan.recording;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.moeplan.eplb.LoadTrace;
import io.moeplan.eplb.Phase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RoundTripTest {
    @TempDir
    Path temp;

    @ParameterizedTest
    @CsvSource({"false,false", "false,true", "true,false", "true,true"})
    void tokensComeBackInOrder(boolean zstd, boolean weights) throws IOException {
        Path dir = Samples.write(temp.resolve("rec"), Mode.PER_TOKEN, new RecordingWriter.Options(zstd, weights), 5);
        Recording recording = Recording.open(dir);
        Manifest manifest = recording.manifest();
        int routed = manifest.layers() * manifest.topK();
        List<TokenRows> batches = new ArrayList<>();
        recording.forEachTokenBatch(batch -> batches.add(Samples.copy(batch, routed)));
        assertThat(batches).hasSize(5);
        for (int i = 0; i < 5; i++) {
            assertThat(batches.get(i)).usingRecursiveComparison()
                    .isEqualTo(Samples.tokens(manifest, 20 * i, 20, weights));
        }
        assertThat(recording.requests()).isEqualTo(Samples.requests(0, 10));
        assertThat(manifest).isEqualTo(
                Samples.manifest(Mode.PER_TOKEN).withTiming(Samples.TIMING).withState(100, 10, true));
    }

    @ParameterizedTest
    @CsvSource({"STAT,false", "STAT,true", "PER_PASS,false", "PER_PASS,true"})
    void stepsComeBackInOrder(Mode mode, boolean zstd) throws IOException {
        Path dir = Samples.write(temp.resolve("rec"), mode, new RecordingWriter.Options(zstd, false), 4);
        Recording recording = Recording.open(dir);
        LoadTrace trace = recording.trace(1);
        assertThat(trace.layerIds()).containsExactly(1, 2, 5);
        assertThat(trace.experts()).isEqualTo(16);
        assertThat(trace.steps()).usingRecursiveComparison().isEqualTo(
                IntStream.range(0, 8).mapToObj(id -> Samples.step(recording.manifest(), id)).toList());
        assertThat(recording.manifest().tokens()).isEqualTo(trace.tokens());
        assertThat(recording.manifest().requests()).isEqualTo(8);
        assertThat(recording.loadsByTag()).isEmpty();
        recording.forEachTokenBatch(batch -> {
            throw new AssertionError("there are no tokens");
        });
    }

    @Test
    void manyRowsAreSplitAndCountedExactly() throws IOException {
        Manifest manifest = Samples.manifest(Mode.PER_TOKEN);
        TokenRows rows = Samples.tokens(manifest, 0, 150_000, false);
        Path dir = temp.resolve("rec");
        try (RecordingWriter writer = RecordingWriter.create(dir, manifest, new RecordingWriter.Options(true, false))) {
            writer.appendRequests(Samples.requests(0, 15_000));
            writer.appendTokens(rows);
            writer.finish(manifest);
        }
        Recording recording = Recording.open(dir);
        List<Integer> sizes = new ArrayList<>();
        recording.forEachTokenBatch(batch -> sizes.add(batch.rows()));
        assertThat(sizes).containsExactly(65536, 65536, 18928);
        assertThat(recording.requests()).isEqualTo(Samples.requests(0, 15_000));

        LoadTrace trace = recording.trace(65_000);
        assertThat(trace.steps()).extracting(LoadTrace.Step::tokens).containsExactly(65_000, 65_000, 20_000);
        assertThat(trace.steps()).extracting(LoadTrace.Step::phase).containsOnly(Phase.PREFILL);
        assertThat(trace.steps().get(1).counts()).isEqualTo(count(manifest, rows, 65_000, 130_000));
        assertThat(recording.trace().steps()).hasSize(1500);
    }

    private static int[] count(Manifest manifest, TokenRows rows, int from, int to) {
        int[] counts = new int[manifest.layers() * manifest.numExperts()];
        for (int row = from; row < to; row++) {
            for (int k = 0; k < manifest.layers() * manifest.topK(); k++) {
                int expert = rows.expert(row * manifest.layers() * manifest.topK() + k);
                counts[k / manifest.topK() * manifest.numExperts() + expert]++;
            }
        }
        return counts;
    }

    @Test
    void loadsByTagKeepTheOrderOfTheWorkload() throws IOException {
        Path dir = Samples.write(temp.resolve("rec"), Mode.PER_TOKEN, RecordingWriter.Options.PLAIN, 3);
        Recording recording = Recording.open(dir);
        var loads = recording.loadsByTag();
        // Six requests of ten tokens: two of each tag.
        assertThat(loads.keySet()).containsExactly("code", "chät", "");
        long[] perLayer = new long[recording.manifest().numExperts()];
        for (long[][] layers : loads.values()) {
            assertThat(layers).hasDimensions(3, 16);
            for (int layer = 0; layer < 3; layer++) {
                assertThat(Arrays.stream(layers[layer]).sum()).isEqualTo(20 * 2);
            }
            for (int e = 0; e < perLayer.length; e++) {
                perLayer[e] += layers[1][e];
            }
        }
        assertThat(perLayer).isEqualTo(recording.trace().totals(1));
    }

    @Test
    void expertNumbersUseAllSixteenBits() throws IOException {
        Manifest manifest = Samples.manifest(Mode.PER_TOKEN, List.of(0), 65_536, 2);
        Path dir = temp.resolve("rec");
        try (RecordingWriter writer = RecordingWriter.create(dir, manifest, RecordingWriter.Options.PLAIN)) {
            writer.appendTokens(new TokenRows(new int[1], new int[1], new int[1], new byte[1],
                    new short[]{(short) 65_535, (short) 40_000}, null));
            writer.finish(manifest);
        }
        Recording.open(dir).forEachTokenBatch(batch -> {
            assertThat(batch.expert(0)).isEqualTo(65_535);
            assertThat(batch.expert(1)).isEqualTo(40_000);
        });
    }

    @Test
    void anEmptyRecordingIsOne() throws IOException {
        for (Mode mode : Mode.values()) {
            Path dir = Samples.write(temp.resolve(mode.label()), mode, RecordingWriter.Options.PLAIN, 0);
            assertThat(Samples.readAll(dir)).isZero();
            assertThat(Recording.open(dir).manifest().complete()).isTrue();
        }
    }

    @Test
    void theDigestDoesNotDependOnHowTheRecordingIsStored() throws IOException {
        for (Mode mode : Mode.values()) {
            Path plain = Samples.write(temp.resolve("plain-" + mode), mode, RecordingWriter.Options.PLAIN, 2);
            Path zstd = Samples.write(temp.resolve("zstd-" + mode), mode, new RecordingWriter.Options(true, false), 2);
            assertThat(Recording.open(zstd).digest()).isEqualTo(Recording.open(plain).digest());
        }
    }

    @Test
    void theDigestFollowsTheContents() throws IOException {
        String digest = Recording
                .open(Samples.write(temp.resolve("a"), Mode.PER_TOKEN, RecordingWriter.Options.PLAIN, 2)).digest();
        assertThat(digest).matches("sha256:[0-9a-f]{64}");
        assertThat(Recording.open(Samples.write(temp.resolve("b"), Mode.PER_TOKEN, RecordingWriter.Options.PLAIN, 2))
                .digest())
                .isEqualTo(digest);
        assertThat(Recording.open(Samples.write(temp.resolve("c"), Mode.PER_TOKEN, RecordingWriter.Options.PLAIN, 3))
                .digest())
                .isNotEqualTo(digest);
    }

    @Test
    void closingWithoutFinishingLeavesWhatThereWas() throws IOException {
        Manifest manifest = Samples.manifest(Mode.PER_TOKEN);
        Path dir = temp.resolve("rec");
        try (RecordingWriter writer = RecordingWriter.create(dir, manifest, RecordingWriter.Options.PLAIN)) {
            assertThat(Recording.open(dir).manifest().complete()).isFalse();
            Samples.appendBatch(writer, manifest, 0, false);
        }
        assertThat(Recording.open(dir).manifest()).isEqualTo(manifest.withState(20, 2, false));
        assertThat(Samples.readAll(dir)).isEqualTo(20);
    }

    @Test
    void onlyEmptyDirectoriesAreWrittenTo() throws IOException {
        Manifest manifest = Samples.manifest(Mode.PER_TOKEN);
        Path dir = Samples.write(temp.resolve("rec"), Mode.PER_TOKEN, RecordingWriter.Options.PLAIN, 1);
        assertThatThrownBy(() -> RecordingWriter.create(dir, manifest, RecordingWriter.Options.PLAIN))
                .isInstanceOf(IOException.class)
                .hasMessageContaining(dir + ": is not empty");
        Path file = Files.createFile(temp.resolve("file"));
        assertThatThrownBy(() -> RecordingWriter.create(file, manifest, RecordingWriter.Options.PLAIN))
                .isInstanceOf(IOException.class)
                .hasMessageContaining(file + ": is a file");
        assertThat(Samples.readAll(dir)).isEqualTo(20);
    }

    @Test
    void rowsThatDoNotFitAreRefusedWhole() throws IOException {
        Manifest manifest = Samples.manifest(Mode.PER_TOKEN);
        Path dir = temp.resolve("rec");
        try (RecordingWriter writer = RecordingWriter.create(dir, manifest, RecordingWriter.Options.PLAIN)) {
            TokenRows bad = Samples.tokens(manifest, 0, 3, false);
            bad.experts()[2 * 6 + 1] = 16;
            assertThatThrownBy(() -> writer.appendTokens(bad)).isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("row 2 has expert 16, the model has 16");
            bad.experts()[2 * 6 + 1] = 15;
            bad.phase()[1] = 2;
            assertThatThrownBy(() -> writer.appendTokens(bad)).hasMessageContaining("row 1 has phase 2");
            assertThatThrownBy(() -> writer.appendStep(Samples.step(manifest, 0)))
                    .isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(() -> writer.finish(Samples.manifest(Mode.STAT)))
                    .isInstanceOf(IllegalArgumentException.class);
            writer.finish(manifest);
        }
        assertThat(Samples.readAll(dir)).isZero();
    }

    @Test
    void stepsThatDoNotFitAreRefused() throws IOException {
        Manifest manifest = Samples.manifest(Mode.PER_PASS);
        try (RecordingWriter writer = RecordingWriter.create(temp.resolve("rec"), manifest,
                RecordingWriter.Options.PLAIN)) {
            writer.appendStep(Samples.step(manifest, 4));
            assertThatThrownBy(() -> writer.appendStep(Samples.step(manifest, 4))).hasMessageContaining("steps ascend");
            assertThatThrownBy(() -> writer.appendStep(new LoadTrace.Step(5, Phase.DECODE, 1, new int[7])))
                    .hasMessageContaining("7 counts, expected 48");
        }
    }
}
