package io.moeplan.engine.cuda;

/** Threads of a block that takes one row. */
final class RowThreads {
    private static final int MOST = 512;

    private RowThreads() {}

    /** Whole warps that share a row evenly, 8 columns a thread at a time. */
    static int of(int width) {
        int warps = Math.ceilDiv(width, 8 * 32);
        int passes = Math.ceilDiv(warps, MOST / 32);
        return Math.ceilDiv(warps, passes) * 32;
    }
}
