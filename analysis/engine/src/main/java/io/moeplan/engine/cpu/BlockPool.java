package io.moeplan.engine.cpu;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;

/** Memory of a few sizes outside the Java heap that is given back and given out again. Not for use by two threads at once. */
final class BlockPool implements AutoCloseable {
    private static final long CACHE_LINE = 64;

    private final Arena arena = Arena.ofShared();
    private final Map<Long, Deque<MemorySegment>> free = new HashMap<>();

    /** So many bytes, all zero. */
    MemorySegment take(long bytes) {
        Deque<MemorySegment> kept = free.get(bytes);
        return kept == null || kept.isEmpty()
                ? arena.allocate(bytes, CACHE_LINE)
                : kept.pop().fill((byte) 0);
    }

    void giveBack(MemorySegment block) {
        free.computeIfAbsent(block.byteSize(), bytes -> new ArrayDeque<>()).push(block);
    }

    @Override
    public void close() {
        arena.close();
    }
}
