package io.moeplan.engine.backend;

/**
 * Weights read ahead from disk.
 *
 * @param bytes   bytes read, 0 if weights are used where they are mapped
 * @param seconds time spent reading them, beside the arithmetic
 * @param waited  seconds the arithmetic waited for them
 */
public record Reading(long bytes, double seconds, double waited) {
    public static final Reading NONE = new Reading(0, 0, 0);

    /** Bytes read in a second of reading. */
    public double bytesPerSecond() {
        return seconds > 0 ? bytes / seconds : 0;
    }
}
