package io.moeplan.recording.exports;

import io.moeplan.eplb.LoadTrace;
import io.moeplan.eplb.planfile.AtomicFile;
import io.moeplan.recording.Mode;
import io.moeplan.recording.Recording;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** Writes a recording in another format. */
public final class RecordingExport {
    /** Gives the steps that the recording is cut into; asked for only where they are needed. */
    @FunctionalInterface
    public interface Steps {
        LoadTrace read() throws IOException;
    }

    private RecordingExport() {}

    /**
     * Writes the file, whole or not at all.
     *
     * @param steps the recording's
     * @param sum   whether to add all steps up, where the format is one of counts
     * @return what the file is good for, a line each
     * @throws IOException              if the recording is damaged, or the file cannot be written
     * @throws IllegalArgumentException if the format cannot hold what is asked for
     */
    public static List<String> write(Recording recording, Steps steps, RecordingFormat format, boolean sum, Path out)
            throws IOException {
        if (format == RecordingFormat.PARQUET && sum) {
            throw new IllegalArgumentException("a sum of counts is written as count-matrix, sglang-stat or csv");
        }
        if (format == RecordingFormat.PARQUET && recording.manifest().mode() == Mode.PER_TOKEN) {
            AtomicFile.write(out, stream -> new TokenTable(recording, stream).write());
            return List
                    .of("A row is a token; experts are [layer][k], row-major. The file's metadata has the recording's"
                            + " manifest: layer_ids, top_k, num_experts, ...");
        }
        LoadTrace trace = sum ? StepSum.of(steps.read()) : steps.read();
        if (trace.steps().isEmpty()) {
            throw new IllegalArgumentException(recording.dir() + ": the recording has no steps to write");
        }
        return switch (format) {
            case PARQUET -> {
                AtomicFile.write(out, stream -> StepTable.parquet(recording.manifest(), trace, stream));
                yield List.of("A row is a step's counts of one layer, one for each logical expert.");
            }
            case CSV -> {
                AtomicFile.write(out, stream -> StepTable.csv(trace, stream));
                yield List.of("A line is a step's counts of one layer: step, phase, layer, tokens, e0, e1, ...");
            }
            case SGLANG_STAT -> StatArchive.write(recording.manifest(), trace, sum, out);
            case COUNT_MATRIX -> MatrixFile.write(trace, sum, out);
        };
    }
}
