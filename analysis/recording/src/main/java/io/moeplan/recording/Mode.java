package io.moeplan.recording;

import java.util.Arrays;
import java.util.stream.Collectors;

/** How finely a recording resolves expert loads; {@link #label()} is its name in files. */
public enum Mode {
    /** Counts summed over a fixed number of passes, in {@code steps.arrow}. */
    STAT("stat"),
    /** Counts of every forward pass, in {@code steps.arrow}. */
    PER_PASS("per-pass"),
    /** The experts of every token, in {@code tokens.arrow}. */
    PER_TOKEN("per-token");

    private final String label;

    Mode(String label) {
        this.label = label;
    }

    public String label() {
        return label;
    }

    /**
     * The mode with this label.
     *
     * @throws IllegalArgumentException if there is none
     */
    public static Mode ofLabel(String label) {
        return Arrays.stream(values()).filter(mode -> mode.label.equals(label)).findAny()
                .orElseThrow(() -> new IllegalArgumentException("mode \"" + label + "\" is none of "
                        + Arrays.stream(values()).map(Mode::label).collect(Collectors.joining(", "))));
    }
}
