package io.moeplan.engine.cuda;

/** Threads of a block that takes one row. */
final class RowThreads {
    private static final int MOST = 512;

    private RowThreads() {}

    /** Whole warps that share a row evenly, 8 columns a thread at a time. */
    static int of(int width) {
        return of(width, 8);
    }

    /** The same with so many columns a thread at a time. */
    static int of(int width, int each) {
        int warps = Math.ceilDiv(width, each * 32);
        int passes = Math.ceilDiv(warps, MOST / 32);
        return Math.ceilDiv(warps, passes) * 32;
    }
}
