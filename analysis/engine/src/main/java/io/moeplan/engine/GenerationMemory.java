package io.moeplan.engine;

import io.moeplan.engine.backend.Past;
import java.util.Locale;

/**
 * What generation may keep. Every weight is read for every token, so they all have to stay in memory, beside what a wave
 * works with and the logits of a batch; the rest is for what layers keep of the sequences.
 */
final class GenerationMemory {
    private final long budget;
    private final long weights;
    private final long work;
    private final Past past;

    GenerationMemory(long budget, long weights, long logits, Past past) {
        this.budget = budget;
        this.weights = weights;
        this.work = logits + past.waveBytes();
        this.past = past;
    }

    /** Bytes that sequences may take together. */
    long room() {
        return Math.min(budget - weights - work, past.capacity());
    }

    /**
     * Refuses a request that does not fit even alone.
     *
     * @param tokens tokens that it may come to have
     * @throws IllegalArgumentException if it does not fit
     */
    void require(String id, int tokens) {
        long bytes = past.bytes(tokens);
        if (weights + work + bytes > budget) {
            throw new IllegalArgumentException("generating takes " + size(weights + work + bytes) + ": "
                    + size(weights) + " of weights, " + size(work) + " to work in and " + size(bytes)
                    + " for the keys and values of request " + id + " (up to " + tokens + " tokens), but --memory is "
                    + size(budget) + "; give it more, or a workload with responses, which needs no generation");
        }
        if (bytes > past.capacity()) {
            throw new IllegalArgumentException("the keys and values of request " + id + " (up to " + tokens
                    + " tokens) take " + size(bytes) + ", but the Java heap has " + size(past.capacity())
                    + " for them; raise it with MOEPLAN_OPTS=-Xmx" + (((2 * bytes) >> 30) + 1) + "g");
        }
    }

    private static String size(long bytes) {
        return bytes >= 1 << 30
                ? String.format(Locale.ROOT, "%.1f GiB", bytes / 0x1p30)
                : String.format(Locale.ROOT, "%.1f MiB", bytes / 0x1p20);
    }
}
