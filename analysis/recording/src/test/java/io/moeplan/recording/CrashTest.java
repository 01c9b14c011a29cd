package io.moeplan.recording;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.apache.arrow.compression.CommonsCompressionFactory;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.ipc.ArrowFileReader;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Whatever ends the recorder, what was flushed is there. */
class CrashTest {
    private static final int BATCHES = 6;

    @TempDir
    Path temp;

    @ParameterizedTest
    @CsvSource({"PER_TOKEN,false,true", "PER_TOKEN,true,false", "PER_PASS,false,false", "PER_PASS,true,false"})
    void afterEveryFlushAnyReaderReads(Mode mode, boolean zstd, boolean weights) throws IOException {
        Manifest manifest = Samples.manifest(mode);
        Path dir = temp.resolve("rec");
        Path loads = dir.resolve(Tables.loads(manifest));
        int rowsPerBatch = mode == Mode.PER_TOKEN ? 20 : 2 * manifest.layers();
        try (RecordingWriter writer = RecordingWriter.create(dir, manifest,
                new RecordingWriter.Options(zstd, weights))) {
            for (int i = 0; i < BATCHES; i++) {
                assertThat(arrowRows(loads)).isEqualTo(i * rowsPerBatch);
                assertThat(arrowRows(dir.resolve(Tables.REQUESTS))).isEqualTo(2 * i);
                Samples.appendBatch(writer, manifest, i, weights);
                writer.flush();
            }
        }
    }

    /** Rows that Arrow's own reader finds; checks the metadata and the values' shape on the way. */
    private static int arrowRows(Path file) throws IOException {
        int rows = 0;
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ);
                BufferAllocator allocator = ArrowRuntime.allocator(Long.MAX_VALUE);
                ArrowFileReader reader = new ArrowFileReader(channel, allocator, new CommonsCompressionFactory())) {
            var root = reader.getVectorSchemaRoot();
            assertThat(root.getSchema().getCustomMetadata()).containsEntry("format", "moeplan-recording")
                    .containsEntry("layer_ids", "[1,2,5]").containsEntry("num_experts", "16")
                    .doesNotContainKeys("complete", "tokens");
            while (reader.loadNextBatch()) {
                rows += root.getRowCount();
                root.getFieldVectors().forEach(vector -> assertThat(vector.getObject(root.getRowCount() - 1) == null)
                        .isEqualTo(vector.getName().equals("tag") && vector.getNullCount() > 0
                                && vector.isNull(root.getRowCount() - 1)));
            }
        }
        return rows;
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aFileCutAnywhereHoldsItsCompleteBatches(boolean zstd) throws IOException {
        Manifest manifest = Samples.manifest(Mode.PER_TOKEN);
        Path dir = temp.resolve("rec");
        List<Long> ends = new ArrayList<>();
        Path file = dir.resolve(Tables.TOKENS);
        try (RecordingWriter writer = RecordingWriter.create(dir, manifest, new RecordingWriter.Options(zstd, false))) {
            ends.add(batchEnd(file));
            for (int i = 0; i < BATCHES; i++) {
                Samples.appendBatch(writer, manifest, i, false);
                writer.flush();
                ends.add(batchEnd(file));
            }
        }
        byte[] bytes = Files.readAllBytes(file);
        TreeSet<Integer> cuts = new TreeSet<>(
                IntStream.iterate(0, cut -> cut < bytes.length, cut -> cut + 37).boxed().toList());
        ends.forEach(end -> cuts.addAll(List.of((int) (end - 1), (int) (long) end, (int) (end + 1))));
        for (int cut : cuts) {
            Files.write(file, Arrays.copyOf(bytes, cut));
            if (cut < ends.getFirst()) {
                assertThatThrownBy(() -> Samples.readAll(dir)).isInstanceOf(IOException.class)
                        .hasMessageStartingWith(file.toString());
                continue;
            }
            int complete = (int) ends.stream().filter(end -> end <= cut).count() - 1;
            int[] next = new int[1];
            Recording.open(dir).forEachTokenBatch(batch -> {
                assertThat(Samples.copy(batch, 6)).usingRecursiveComparison()
                        .isEqualTo(Samples.tokens(manifest, next[0], 20, false));
                next[0] += 20;
            });
            assertThat(next[0]).as("cut at %d", cut).isEqualTo(20 * complete);
        }
    }

    /** Where the batches of a file with a footer end. */
    private static long batchEnd(Path file) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        int footer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getInt(bytes.length - 10);
        return bytes.length - 10L - footer - 8;
    }

    @ParameterizedTest
    @CsvSource({"PER_TOKEN,false", "PER_TOKEN,true", "PER_PASS,false"})
    void aKillBetweenAnyTwoWritesLosesNothingFlushed(Mode mode, boolean zstd) throws IOException {
        Manifest manifest = Samples.manifest(mode);
        Path dir = temp.resolve("rec");
        Path snapshot = temp.resolve("snapshot");
        int perBatch = mode == Mode.PER_TOKEN ? 20 : 2;
        int[] flushed = new int[1];
        int[] checked = new int[1];
        FragileChannel.Listener kill = () -> {
            if (!Files.exists(dir.resolve(Manifest.FILE_NAME))) {
                return;
            }
            Samples.copyRecording(dir, snapshot);
            assertThat(Samples.readAll(snapshot)).isIn(flushed[0] * perBatch, (flushed[0] + 1) * perBatch);
            checked[0]++;
        };
        try (RecordingWriter writer = RecordingWriter.create(dir, manifest, new RecordingWriter.Options(zstd, false),
                file -> new FragileChannel(newFile(file), Long.MAX_VALUE, kill))) {
            for (; flushed[0] < BATCHES; flushed[0]++) {
                Samples.appendBatch(writer, manifest, flushed[0], false);
                writer.flush();
            }
        }
        assertThat(checked[0]).isGreaterThan(100);
    }

    private static FileChannel newFile(Path file) throws IOException {
        return FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    }

    @Test
    void aFullDeviceCostsOnlyWhatDidNotFit() throws IOException {
        Manifest manifest = Samples.manifest(Mode.PER_TOKEN);
        for (int capacity = 1500; capacity < 8000; capacity += 61) {
            Path dir = temp.resolve("rec" + capacity);
            int flushed = fill(dir, manifest, capacity);
            if (flushed < 0) {
                assertThat(dir.resolve(Manifest.FILE_NAME)).doesNotExist();
                continue;
            }
            assertThat(Samples.readAll(dir)).as("capacity %d", capacity).isEqualTo(20 * flushed);
            assertThat(arrowRows(dir.resolve(Tables.TOKENS))).isEqualTo(20 * flushed);
            Manifest left = Recording.open(dir).manifest();
            assertThat(left.complete()).isFalse();
            assertThat(left.tokens()).isEqualTo(20L * flushed);
        }
    }

    /** Records until the device is full; returns batches flushed, -1 if it did not even begin. */
    private static int fill(Path dir, Manifest manifest, int capacity) throws IOException {
        int flushed = -1;
        String full = "no space left on device";
        try (RecordingWriter writer = RecordingWriter.create(dir, manifest, RecordingWriter.Options.PLAIN,
                file -> new FragileChannel(
                        newFile(file), file.endsWith(Tables.TOKENS) ? capacity : Long.MAX_VALUE, () -> {}))) {
            flushed = 0;
            while (true) {
                Samples.appendBatch(writer, manifest, flushed, false);
                writer.flush();
                flushed++;
            }
        } catch (IOException e) {
            assertThat(e).hasMessageStartingWith(dir.resolve(Tables.TOKENS) + ": " + full)
                    .satisfies(it -> assertThat(it.getMessage()).doesNotContain("\n"));
        }
        return flushed;
    }

    @Test
    void afterAFailureNothingMoreIsTaken() throws IOException {
        Manifest manifest = Samples.manifest(Mode.PER_TOKEN);
        Path dir = temp.resolve("rec");
        try (RecordingWriter writer = RecordingWriter.create(dir, manifest, RecordingWriter.Options.PLAIN,
                file -> new FragileChannel(newFile(file), 3000, () -> {}))) {
            assertThatThrownBy(() -> {
                for (int i = 0; i < 100; i++) {
                    Samples.appendBatch(writer, manifest, i, false);
                    writer.flush();
                }
            }).isInstanceOf(IOException.class).hasMessageContaining("no space left on device");
            assertThatThrownBy(() -> writer.finish(manifest)).isInstanceOf(IOException.class)
                    .hasMessageContaining("an earlier write failed");
        }
        assertThat(Recording.open(dir).manifest().complete()).isFalse();
    }

    @Test
    void aCompleteRecordingMustBeWhole() throws IOException {
        Path dir = Samples.write(temp.resolve("rec"), Mode.PER_TOKEN, RecordingWriter.Options.PLAIN, 3);
        Path file = dir.resolve(Tables.TOKENS);
        byte[] bytes = Files.readAllBytes(file);
        Files.write(file, Arrays.copyOf(bytes, bytes.length / 2));
        assertThatThrownBy(() -> Samples.readAll(dir)).isInstanceOf(IOException.class)
                .hasMessageContaining("says it is complete with 60");
    }
}
