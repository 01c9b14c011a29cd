package io.moeplan.engine.gemm;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.EnumMap;

/** One thread's working memory outside the Java heap: kept from call to call, grown when a call needs more. */
final class NativeScratch {
    /** What memory is used for; a call holds at most one piece of each. */
    enum Use {
        INPUT, OUTPUT, WEIGHT, LIBRARY, TRIAL, HIGH, LOW, SUM
    }

    private static final ThreadLocal<NativeScratch> OF_THREAD = ThreadLocal.withInitial(NativeScratch::new);
    private static final long PAGE = 4096;

    private final EnumMap<Use, MemorySegment> pieces = new EnumMap<>(Use.class);

    private NativeScratch() {}

    static NativeScratch ofThread() {
        return OF_THREAD.get();
    }

    /** At least {@code bytes} bytes on a page boundary, with whatever was last left in them. */
    MemorySegment bytes(Use use, long bytes) {
        MemorySegment kept = pieces.get(use);
        if (kept != null && kept.byteSize() >= bytes) {
            return kept;
        }
        long size = Math.ceilDiv(Math.max(1, bytes), PAGE) * PAGE;
        MemorySegment grown = Arena.ofAuto().allocate(size, PAGE);
        pieces.put(use, grown);
        return grown;
    }

    /** Contiguous rows, all of them in use, with whatever was last left in them. */
    Rows rows(Use use, Element element, int rows, int width) {
        return Rows.of(bytes(use, (long) rows * width * element.bytes()), element, rows, width);
    }
}
