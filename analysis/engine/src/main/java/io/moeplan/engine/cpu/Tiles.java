package io.moeplan.engine.cpu;

/**
 * Rows {@code [from, to)} cut into tiles of equal size.
 *
 * @param size rows of a tile, the last may have fewer
 */
record Tiles(int from, int to, int size) {
    private static final int MIN_ROWS = 64;
    /** Tiles have a multiple of so many rows, which saves products their padding. */
    private static final int STEP = 16;

    /** Tiles that keep the threads evenly busy, yet are large enough to make decoding weights cheap. */
    static Tiles of(int from, int to, int threads, int mostRows) {
        int even = Math.ceilDiv(Math.ceilDiv(to - from, threads * 4), STEP) * STEP;
        // A few rows gain nothing from waiting for one thread to decode the weights for all of them.
        int least = Math.clamp(Math.ceilDiv(to - from, threads), 1, Math.min(MIN_ROWS, mostRows));
        return new Tiles(from, to, Math.clamp(even, least, mostRows));
    }

    int count() {
        return Math.ceilDiv(to - from, size);
    }

    /** First row of a tile. */
    int start(int tile) {
        return from + tile * size;
    }

    /** Rows of a tile. */
    int rows(int tile) {
        return Math.min(size, to - start(tile));
    }

    /** The cost of every tile if each row costs {@code perRow}. */
    long[] costs(long perRow) {
        long[] costs = new long[count()];
        for (int tile = 0; tile < costs.length; tile++) {
            costs[tile] = rows(tile) * perRow;
        }
        return costs;
    }
}
