package io.moeplan.engine.cpu;

import io.moeplan.engine.gemm.Element;
import io.moeplan.engine.gemm.Gemm;
import io.moeplan.engine.gemm.Rows;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.EnumMap;

/** One thread's working memory, kept from task to task and grown when a task needs more, and what it multiplies with. */
final class Scratch {
    /** What an array is used for; a task holds at most one of each. */
    enum Use {
        INPUT, KEPT, QUERY, KEY, VALUE, GATES, MIXED, STATE, SCORES, MAXIMA, TOTALS, SUMS, HEAD, OUTPUT, GATE, UP, LOGITS, PANEL, TILE, ROW
    }

    /** What memory outside the heap is used for; likewise. */
    enum Native {
        INPUT, FACTOR, RESULT, QUERY, GATE, UP, OUTPUT
    }

    private static final long CACHE_LINE = 64;

    private final Arithmetic arithmetic;
    private final Exponentials exponentials = new Exponentials();
    private final EnumMap<Use, float[][]> arrays = new EnumMap<>(Use.class);
    private final EnumMap<Native, MemorySegment> segments = new EnumMap<>(Native.class);

    Scratch(Arithmetic arithmetic) {
        this.arithmetic = arithmetic;
    }

    Exponentials exponentials() {
        return exponentials;
    }

    Arithmetic arithmetic() {
        return arithmetic;
    }

    /** At least {@code rows} rows of at least {@code width} floats, with whatever the last task left in them. */
    float[][] rows(Use use, int rows, int width) {
        float[][] kept = arrays.get(use);
        if (kept != null && kept.length >= rows && kept[0].length >= width) {
            return kept;
        }
        float[][] grown = kept == null
                ? new float[rows][width]
                : new float[Math.max(rows, kept.length)][Math.max(width, kept[0].length)];
        arrays.put(use, grown);
        return grown;
    }

    /** At least {@code width} floats. */
    float[] row(Use use, int width) {
        return rows(use, 1, width)[0];
    }

    /** Contiguous rows with the room that a product needs, with whatever the last task left in them. */
    Rows rows(Native use, Gemm gemm, Element element, int rows, int width) {
        int room = gemm.room(rows);
        long bytes = Math.max(1, (long) room * width * element.bytes());
        MemorySegment kept = segments.get(use);
        if (kept == null || kept.byteSize() < bytes) {
            kept = Arena.ofAuto().allocate(bytes, CACHE_LINE);
            segments.put(use, kept);
        }
        return new Rows(kept, element, rows, width, width, room);
    }
}
