package io.moeplan.engine.record;

/**
 * How to record.
 *
 * <p>A forward pass is what a serving engine with chunked prefill would run: {@code passTokens} consecutive tokens of the
 * workload in its order, requests split where they must be. So passes do not depend on the memory the engine has.
 *
 * @param passTokens tokens of a pass
 * @param statPasses passes summed into one step in {@link RecordingMode#STAT}
 * @param weights    whether {@link RecordingMode#PER_TOKEN} keeps routing weights too
 */
public record RecordingOptions(RecordingMode mode, int passTokens, int statPasses, boolean weights) {
    public static final int DEFAULT_PASS_TOKENS = 2048;
    public static final int DEFAULT_STAT_PASSES = 10;

    /**
     * Checks the numbers.
     *
     * @throws IllegalArgumentException if one is below 1
     */
    public RecordingOptions {
        if (passTokens < 1 || statPasses < 1) {
            throw new IllegalArgumentException("a pass has at least one token and a stat step at least one pass, not "
                    + passTokens + " and " + statPasses);
        }
    }

    /** The mode with default pass sizes, without weights. */
    public static RecordingOptions of(RecordingMode mode) {
        return new RecordingOptions(mode, DEFAULT_PASS_TOKENS, DEFAULT_STAT_PASSES, false);
    }
}
