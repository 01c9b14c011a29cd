package io.moeplan.tensors.stream;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;

/** Hands out pieces of a memory one after the other, round and round; they may come back in any order. Not thread-safe. */
final class Ring {
    private static final long ALIGNMENT = 4096;

    private final long capacity;
    /** Oldest first. */
    private final Deque<Piece> pieces = new ArrayDeque<>();

    /** Bytes {@code [from, to)}. */
    static final class Piece {
        private final long from;
        private final long to;
        private boolean free;

        private Piece(long from, long to) {
            this.from = from;
            this.to = to;
        }

        long from() {
            return from;
        }
    }

    Ring(long capacity) {
        this.capacity = aligned(capacity);
    }

    /** What a piece of that size takes. */
    static long aligned(long bytes) {
        return Math.ceilDiv(bytes, ALIGNMENT) * ALIGNMENT;
    }

    long capacity() {
        return capacity;
    }

    /** A piece of that size, if it fits beside those that are taken. */
    Optional<Piece> take(long bytes) {
        long size = aligned(Math.max(1, bytes));
        Optional<Piece> taken = place(size).map(from -> new Piece(from, from + size));
        taken.ifPresent(pieces::add);
        return taken;
    }

    private Optional<Long> place(long size) {
        if (pieces.isEmpty()) {
            return size <= capacity ? Optional.of(0L) : Optional.empty();
        }
        long oldest = pieces.getFirst().from;
        long end = pieces.getLast().to;
        boolean wrapped = pieces.getLast().from < oldest;
        if (wrapped ? oldest - end >= size : capacity - end >= size) {
            return Optional.of(end);
        }
        return !wrapped && oldest >= size ? Optional.of(0L) : Optional.empty();
    }

    void giveBack(Piece piece) {
        piece.free = true;
        while (!pieces.isEmpty() && pieces.getFirst().free) {
            pieces.removeFirst();
        }
    }
}
