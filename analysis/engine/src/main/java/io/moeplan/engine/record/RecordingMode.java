package io.moeplan.engine.record;

/** What is recorded of every routing decision. */
public enum RecordingMode {
    /** Counts summed over a fixed number of forward passes. */
    STAT,
    /** Counts of every forward pass. */
    PER_PASS,
    /** The chosen experts of every token. */
    PER_TOKEN
}
