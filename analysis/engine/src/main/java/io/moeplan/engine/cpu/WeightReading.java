package io.moeplan.engine.cpu;

/** Where weights are used. */
public enum WeightReading {
    /** Mapped if the checkpoint takes no more than half of the memory, streamed otherwise. */
    BY_SIZE,
    /** In the mapped checkpoint; the page cache decides what stays in memory. */
    MAPPED,
    /** In memory of a fixed size that a thread reads into, ahead of the arithmetic. */
    STREAMED
}
