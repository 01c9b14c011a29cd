package io.moeplan.engine.cuda;

import io.moeplan.engine.cuda.WeightFiles.Chunk;
import java.util.List;

/**
 * Which chunk comes next, and into which area: pieces come in order, each into the area that the piece {@code areas} before it
 * has left. Readers take chunks as they can; a piece is there once all of its chunks are.
 */
final class Deliveries {
    private final List<List<Chunk>> pieces;
    private final long total;
    private final int areas;
    /** Chunks of the piece in each area that are still to come. */
    private final int[] missing;
    /** Piece (counted over all passes) and chunk that the next reader takes. */
    private long piece;
    private int chunk;
    private long released;
    private boolean stopped;
    private Throwable problem;

    /** @param piece counted over all passes */
    record Delivery(long piece, int area, Chunk chunk) {}

    /**
     * All that is to come.
     *
     * @param pieces chunks of each, at least one
     * @param passes how many times they come
     */
    Deliveries(List<List<Chunk>> pieces, int passes, int areas) {
        this.pieces = pieces;
        this.areas = areas;
        total = (long) passes * pieces.size();
        missing = new int[areas];
        for (int area = 0; area < Math.min(areas, total); area++) {
            missing[area] = chunksOf(area);
        }
    }

    private int chunksOf(long number) {
        return pieces.get((int) (number % pieces.size())).size();
    }

    /** The next chunk, for one reader; null if there is none, or no more are wanted. */
    synchronized Delivery next() {
        if (stopped || piece == total) {
            return null;
        }
        List<Chunk> chunks = pieces.get((int) (piece % pieces.size()));
        Delivery next = new Delivery(piece, (int) (piece % areas), chunks.get(chunk));
        chunk++;
        if (chunk == chunks.size()) {
            piece++;
            chunk = 0;
        }
        return next;
    }

    /** Waits until a chunk's area is free for its piece; says whether it is, or no more are wanted. */
    synchronized boolean awaitRoom(Delivery delivery) throws InterruptedException {
        while (!stopped && delivery.piece >= released + areas) {
            wait();
        }
        return !stopped;
    }

    /** Whether no chunk of the piece has gone to its area yet. */
    synchronized boolean isFirst(Delivery delivery) {
        return missing[delivery.area] == chunksOf(delivery.piece);
    }

    /** Whether only this chunk of the piece is missing. */
    synchronized boolean isLast(Delivery delivery) {
        return missing[delivery.area] == 1;
    }

    /** A chunk is on its way. */
    synchronized void sent(Delivery delivery) {
        missing[delivery.area]--;
        notifyAll();
    }

    /**
     * Waits until all chunks of a piece are on their way.
     *
     * @param number not of a piece before those that were released
     * @return its area
     * @throws DeliveryException if a reader failed
     */
    synchronized int await(long number) throws InterruptedException, DeliveryException {
        int area = (int) (number % areas);
        while (number >= released + areas || missing[area] > 0) {
            if (problem != null) {
                throw new DeliveryException(problem);
            }
            wait();
        }
        return area;
    }

    /** The first piece that was not released yet has been used: its area takes another one. */
    synchronized void release() {
        long next = released + areas;
        if (next < total) {
            missing[(int) (released % areas)] = chunksOf(next);
        }
        released++;
        notifyAll();
    }

    /** A reader cannot go on; nor need the others. */
    synchronized void fail(Throwable e) {
        if (problem == null) {
            problem = e;
        }
        stop();
    }

    /** No more are wanted. */
    synchronized void stop() {
        stopped = true;
        notifyAll();
    }

    /** A reader failed; the cause is what it said. */
    static final class DeliveryException extends Exception {
        private static final long serialVersionUID = 1;

        DeliveryException(Throwable cause) {
            super(cause);
        }
    }
}
