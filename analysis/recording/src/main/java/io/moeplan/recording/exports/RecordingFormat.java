package io.moeplan.recording.exports;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** What recordings can be written as; {@link #label()} is its name on the command line. */
public enum RecordingFormat {
    /** What SGLang's recorder dumps in mode stat, and loads to plan by itself. */
    SGLANG_STAT("sglang-stat"),
    /** {@code [steps][layers][experts]}, or the sum of the steps, by the file's ending. */
    COUNT_MATRIX("count-matrix"),
    /** A line for each step and layer. */
    CSV("csv"),
    /** A row for each token of a per-token recording, else for each step and layer. */
    PARQUET("parquet");

    private final String label;

    RecordingFormat(String label) {
        this.label = label;
    }

    public String label() {
        return label;
    }

    /** All labels. */
    public static List<String> labels() {
        return Arrays.stream(values()).map(RecordingFormat::label).toList();
    }

    /** The format with this label, empty if there is none. */
    public static Optional<RecordingFormat> ofLabel(String label) {
        return Arrays.stream(values()).filter(format -> format.label.equals(label)).findAny();
    }
}
