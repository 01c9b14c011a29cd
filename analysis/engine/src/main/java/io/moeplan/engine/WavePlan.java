package io.moeplan.engine;

import java.util.ArrayList;
import java.util.List;

/** Divides a workload into waves of consecutive whole requests. */
final class WavePlan {
    /** Requests {@code [from, to)}. */
    record Range(int from, int to) {}

    /** What a wave takes. */
    @FunctionalInterface
    interface Bytes {
        long of(long tokens, int longest);
    }

    private WavePlan() {}

    /**
     * Fills waves in order as far as memory and {@code maxTokens} allow; a request that is too large for them gets a wave
     * of its own.
     *
     * @param lengths   tokens of each request
     * @param maxTokens tokens of a wave at most, whatever the memory
     */
    static List<Range> of(int[] lengths, Bytes bytes, long memoryBytes, long maxTokens) {
        List<Range> waves = new ArrayList<>();
        int from = 0;
        while (from < lengths.length) {
            long tokens = lengths[from];
            int longest = lengths[from];
            int to = from + 1;
            while (to < lengths.length && tokens + lengths[to] <= maxTokens
                    && bytes.of(tokens + lengths[to], Math.max(longest, lengths[to])) <= memoryBytes) {
                tokens += lengths[to];
                longest = Math.max(longest, lengths[to]);
                to++;
            }
            waves.add(new Range(from, to));
            from = to;
        }
        return waves;
    }
}
