package io.moeplan.recording.exports;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.hardwood.InputFile;
import dev.hardwood.reader.ParquetFileReader;
import dev.hardwood.reader.RowReader;
import io.moeplan.eplb.LoadTrace;
import io.moeplan.recording.Recording;
import io.moeplan.recording.TokenRows;
import io.moeplan.recording.imports.ImportOptions;
import io.moeplan.recording.imports.ImportProgress;
import io.moeplan.recording.imports.Importer;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Out of a recording and into one again; and out, into another's reader. */
class RecordingExportTest {
    @TempDir
    private Path temp;

    private Recording imported(Path source, String out) throws IOException {
        ImportOptions plain = ImportOptions.of("test");
        ImportOptions options = source.toString().contains("token") || source.toString().contains("trtllm")
                ? plain
                : new ImportOptions("test", 4, null, null, 1, null);
        Importer.run(source, null, options, temp.resolve(out), ImportProgress.NONE);
        return Recording.open(temp.resolve(out));
    }

    private static Path dump(String name) {
        try {
            return Path.of(Recording.class.getResource("imports/" + name).toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    private Path exported(Recording recording, RecordingFormat format, boolean sum, String name) throws IOException {
        Path out = temp.resolve(name);
        assertThat(RecordingExport.write(recording, recording::trace, format, sum, out)).isNotEmpty();
        return out;
    }

    private static List<int[]> counts(LoadTrace trace) {
        return trace.steps().stream().map(LoadTrace.Step::counts).toList();
    }

    @ParameterizedTest
    @CsvSource({"sglang_stat, SGLANG_STAT, a.pt", "sglang_per_pass, SGLANG_STAT, a.pt",
        "sglang_per_token, SGLANG_STAT, a.pt", "trtllm, SGLANG_STAT, a.pt", "sglang_dense_stat.pt, SGLANG_STAT, a.pt",
        "sglang_stat, COUNT_MATRIX, a.json", "trtllm, COUNT_MATRIX, a.npy", "sglang_per_pass, COUNT_MATRIX, a.pt",
        "trtllm, COUNT_MATRIX, a.csv", "sglang_per_token, COUNT_MATRIX, a.txt", "sglang_per_pass, CSV, a.csv",
        "trtllm, CSV, a.csv", "sglang_per_token, CSV, a.csv"})
    void whatIsExportedImportsToTheSameCounts(String source, RecordingFormat format, String name) throws IOException {
        Recording recording = imported(dump(source), "one");
        Path file = exported(recording, format, false, name);
        LoadTrace before = recording.trace();
        Recording again = imported(file, "two");
        LoadTrace after = again.trace();
        assertThat(counts(after)).usingRecursiveComparison().isEqualTo(counts(before));
        boolean numbered = format != RecordingFormat.COUNT_MATRIX || name.endsWith("csv");
        if (numbered) {
            assertThat(after.layerIds()).containsExactly(before.layerIds());
        }
        if (format == RecordingFormat.CSV) {
            assertThat(after.steps()).usingRecursiveComparison().isEqualTo(before.steps());
        }
        // and out once more, it is the same file
        Path twice = exported(again, format, false, "twice." + name);
        assertThat(twice).hasSameBinaryContentAs(file);
    }

    @ParameterizedTest
    @ValueSource(strings = {"a.json", "a.npy", "a.pt", "a.csv", "a.txt"})
    void aSumIsOneMatrix(String name) throws IOException {
        Recording recording = imported(dump("trtllm"), "one");
        LoadTrace sum = imported(exported(recording, RecordingFormat.COUNT_MATRIX, true, name), "two").trace();
        assertThat(sum.steps()).hasSize(1);
        for (int layer = 0; layer < 4; layer++) {
            assertThat(sum.totals(layer)).containsExactly(recording.trace().totals(layer));
        }
        Path stat = exported(recording, RecordingFormat.SGLANG_STAT, true, "stat.pt");
        assertThat(counts(imported(stat, "three").trace())).usingRecursiveComparison().isEqualTo(counts(sum));
    }

    @Test
    void anotherReaderReadsStepsInParquet() throws IOException {
        Recording recording = imported(dump("trtllm"), "one");
        Path file = exported(recording, RecordingFormat.PARQUET, false, "a.parquet");
        LoadTrace trace = recording.trace();
        int row = 0;
        try (ParquetFileReader parquet = ParquetFileReader.open(InputFile.of(file));
                RowReader rows = parquet.rowReader()) {
            assertThat(parquet.getFileMetaData().numRows()).isEqualTo(24);
            assertThat(parquet.getFileMetaData().keyValueMetadata()).containsEntry("layer_ids", "[3,4,5,6]")
                    .containsEntry("format", "moeplan-recording");
            for (; rows.hasNext(); row++) {
                rows.next();
                LoadTrace.Step step = trace.steps().get(row / 4);
                assertThat(rows.getLong("step")).isEqualTo(step.id());
                assertThat(rows.getString("phase")).isEqualTo(step.phase().name().toLowerCase(Locale.ROOT));
                assertThat(((Number) rows.getValue("layer")).intValue()).isEqualTo(3 + row % 4);
                assertThat(rows.getInt("tokens")).isEqualTo(step.tokens());
                var counts = rows.getList("counts").ints();
                assertThat(counts.size()).isEqualTo(16);
                for (int expert = 0; expert < 16; expert++) {
                    assertThat(counts.get(expert)).isEqualTo(step.counts()[row % 4 * 16 + expert]);
                }
            }
        }
        assertThat(row).isEqualTo(24);
    }

    @Test
    void anotherReaderReadsTokensInParquet() throws IOException {
        Path outputs = Files.writeString(temp.resolve("tokens.jsonl"),
                "{\"id\":\"x\",\"tag\":\"t\",\"choices\":[{\"routed_experts\":[[[0,1],[2,3]],[[1,0],[3,8]]]}],"
                        + "\"usage\":{\"prompt_tokens\":1}}\n"
                        + "{\"id\":\"y\",\"choices\":[{\"routed_experts\":[[[5,7],[6,4]]]}]}\n");
        Recording recording = imported(outputs, "one");
        Path file = exported(recording, RecordingFormat.PARQUET, false, "a.parquet");
        List<String> read = new ArrayList<>();
        try (ParquetFileReader parquet = ParquetFileReader.open(InputFile.of(file));
                RowReader rows = parquet.rowReader()) {
            while (rows.hasNext()) {
                rows.next();
                read.add(rows.getInt("request") + " " + rows.getString("request_id") + " "
                        + (rows.isNull("tag") ? null : rows.getString("tag")) + " " + rows.getInt("position") + " "
                        + rows.getInt("token_id") + " " + rows.getString("phase") + " "
                        + rows.getList("experts").values());
            }
        }
        assertThat(read).containsExactly("0 x t 0 -1 prompt [0, 1, 2, 3]", "0 x t 1 -1 response [1, 0, 3, 8]",
                "1 y null 0 -1 prompt [5, 7, 6, 4]");
    }

    /** Row groups of thousands of rows, so bit-packed runs of all lengths. */
    @Test
    void manyTokensInParquetAreTheRecordings() throws IOException {
        Recording recording = imported(dump("sglang_dense_per_token"), "token");
        Path file = exported(recording, RecordingFormat.PARQUET, false, "a.parquet");
        List<Integer> expected = new ArrayList<>();
        recording.forEachTokenBatch((TokenRows rows) -> {
            for (int i = 0; i < rows.rows() * 8; i++) {
                expected.add(rows.expert(i));
            }
        });
        List<Integer> read = new ArrayList<>();
        try (ParquetFileReader parquet = ParquetFileReader.open(InputFile.of(file));
                RowReader rows = parquet.rowReader()) {
            while (rows.hasNext()) {
                rows.next();
                rows.getList("experts").values().forEach(value -> read.add(((Number) value).intValue()));
            }
        }
        assertThat(read).hasSize(610 * 8).isEqualTo(expected);
    }

    @Test
    void refusesWhatAFormatCannotHold() throws IOException {
        Recording recording = imported(dump("trtllm"), "one");
        assertThatThrownBy(() -> exported(recording, RecordingFormat.COUNT_MATRIX, false, "a.xlsx"))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining(".npy");
        assertThatThrownBy(() -> exported(recording, RecordingFormat.PARQUET, true, "a.parquet"))
                .isInstanceOf(IllegalArgumentException.class);
        assertThat(temp).isDirectoryNotContaining("glob:**a.*");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"0,mixed,3,5,1,2 | has 5 columns", "0,mixed,3,x,1,2,3 | column 4",
        "0,fast,3,5,1,2,3 | prefill, decode or mixed", "0,mixed,3,5,1,2,-3 | column 7",
        "0,mixed,3,5,1,2,3~0,mixed,4,5,1,2,3~1,mixed,3,5,1,2,3 | has 1 of 2 layers",
        "0,mixed,3,5,1,2,3~0,mixed,4,5,1,2,3~1,mixed,4,5,1,2,3 | line 4: expected layer 3",
        "5,mixed,3,5,1,2,3~5,mixed,3,5,1,2,3 | steps must ascend"})
    void faultsOfATableAreNamed(String lines, String why) throws IOException {
        Path file = Files.writeString(temp.resolve("a.csv"), "step,phase,layer,tokens,e0,e1,e2\n"
                + lines.replace("~", "\n").replace("0,mixed,3,5,1,2 ", "0,mixed,3,5,1") + "\n");
        String expected = lines.equals("0,mixed,3,5,1,2") ? "has 6 columns" : why;
        assertThatThrownBy(() -> imported(file, "one")).isInstanceOf(IOException.class)
                .hasMessageContaining("a.csv").hasMessageContaining(expected);
        assertThat(temp.resolve("one")).doesNotExist();
    }
}
