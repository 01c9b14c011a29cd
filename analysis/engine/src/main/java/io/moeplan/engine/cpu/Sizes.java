package io.moeplan.engine.cpu;

/**
 * How a memory budget is divided among what does not grow with a wave; none of it changes results.
 *
 * @param batchBytes   experts that are read together
 * @param aheadBytes   weights in flight, unless one piece is larger
 * @param outputBytes  expert outputs that wait to be added to the residual
 * @param scratchBytes what all threads work with: the larger their tiles, the fewer times quantised weights are decoded
 * @param sharedBytes  what they work with together
 */
record Sizes(long batchBytes, long aheadBytes, long outputBytes, long scratchBytes, long sharedBytes) {
    private static final long MIB = 1L << 20;
    /**
     * A sixth rather than a sixteenth: 4,096 tokens through four layers of DeepSeek-V3's width in fp8 then took 44 s rather
     * than 57 under 1 GiB, though they made two waves rather than one.
     */
    private static final long SCRATCH_SHARE = 6;

    static Sizes of(long memoryBytes) {
        return new Sizes(Math.clamp(memoryBytes / 16, 16 * MIB, 256 * MIB),
                Math.clamp(memoryBytes / 7, 64 * MIB, 1024 * MIB), Math.clamp(memoryBytes / 24, 16 * MIB, 256 * MIB),
                Math.max(memoryBytes / SCRATCH_SHARE, 32 * MIB),
                Math.clamp(memoryBytes / 24, 16 * MIB, 256 * MIB));
    }
}
