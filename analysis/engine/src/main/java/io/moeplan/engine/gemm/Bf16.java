package io.moeplan.engine.gemm;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Converts between float32 and bfloat16, which is its upper half. Goes through small arrays on the heap, whose loops are
 * vectorised where those over memory segments are not.
 */
public final class Bf16 {
    private static final int CHUNK = 2048;
    private static final ThreadLocal<Bf16> OF_THREAD = ThreadLocal.withInitial(Bf16::new);

    private final int[] wide = new int[CHUNK];
    private final short[] narrow = new short[CHUNK];
    private final float[] high = new float[CHUNK];
    private final float[] rest = new float[CHUNK];

    private Bf16() {}

    /**
     * Rounds {@code from}, float32, to the nearest bfloat16, ties to even. A NaN of a processor's making stays one.
     *
     * @param into bfloat16 of the same rows and width, in other memory
     * @throws IllegalArgumentException if the types or shapes are others
     */
    public static void round(Rows from, Rows into) {
        check(from, Element.F32, into, Element.BF16);
        Bf16 own = OF_THREAD.get();
        for (int row = 0; row < from.rows(); row++) {
            own.round(from.data(), from.at(row), into.data(), into.at(row), from.width());
        }
    }

    /**
     * Writes {@code from}, float32, as a sum of two: {@code high} is what it rounds to, {@code low} what the rest rounds to.
     * Their sum differs from it by at most {@code 2^-17} of it, unless it is too large for bfloat16.
     *
     * @param high bfloat16 of the same rows and width, in other memory
     * @param low  likewise
     * @throws IllegalArgumentException if the types or shapes are others
     */
    public static void split(Rows from, Rows high, Rows low) {
        check(from, Element.F32, high, Element.BF16);
        check(from, Element.F32, low, Element.BF16);
        Bf16 own = OF_THREAD.get();
        for (int row = 0; row < from.rows(); row++) {
            for (int done = 0; done < from.width(); done += CHUNK) {
                int some = Math.min(CHUNK, from.width() - done);
                own.split(from.data(), from.at(row) + 4L * done, high.data(), high.at(row) + 2L * done, low.data(),
                        low.at(row) + 2L * done, some);
            }
        }
    }

    private void split(MemorySegment from, long fromByte, MemorySegment intoHigh, long highByte, MemorySegment intoLow,
            long lowByte, int count) {
        round(from, fromByte, intoHigh, highByte, count);
        widen(intoHigh, highByte, MemorySegment.ofArray(high), 0, count);
        MemorySegment.copy(from, ValueLayout.JAVA_FLOAT_UNALIGNED, fromByte, rest, 0, count);
        subtract(rest, high, count);
        round(MemorySegment.ofArray(rest), 0, intoLow, lowByte, count);
    }

    private static void subtract(float[] from, float[] subtracted, int count) {
        for (int i = 0; i < count; i++) {
            from[i] -= subtracted[i];
        }
    }

    /**
     * Widens {@code from}, bfloat16, to float32.
     *
     * @param into float32 of the same rows and width, in other memory
     * @throws IllegalArgumentException if the types or shapes are others
     */
    public static void widen(Rows from, Rows into) {
        check(from, Element.BF16, into, Element.F32);
        Bf16 own = OF_THREAD.get();
        for (int row = 0; row < from.rows(); row++) {
            own.widen(from.data(), from.at(row), into.data(), into.at(row), from.width());
        }
    }

    /** Rounds {@code count} float32 values of an array to the nearest bfloat16, ties to even. */
    public static void round(float[] from, int count, MemorySegment into, long intoByte) {
        OF_THREAD.get().round(MemorySegment.ofArray(from), 0, into, intoByte, count);
    }

    /** As {@link #round(float[], int, MemorySegment, long)} from {@code at} on. */
    public static void round(float[] from, int at, int count, MemorySegment into, long intoByte) {
        OF_THREAD.get().round(MemorySegment.ofArray(from), 4L * at, into, intoByte, count);
    }

    /** Widens {@code count} bfloat16 values to float32. */
    public static void widen(MemorySegment from, long fromByte, float[] into, int count) {
        OF_THREAD.get().widen(from, fromByte, MemorySegment.ofArray(into), 0, count);
    }

    private static void check(Rows from, Element fromElement, Rows into, Element intoElement) {
        if (from.element() != fromElement || into.element() != intoElement || from.rows() != into.rows()
                || from.width() != into.width()) {
            throw new IllegalArgumentException(from + " does not convert into " + into);
        }
    }

    private void round(MemorySegment from, long fromByte, MemorySegment into, long intoByte, int count) {
        for (int done = 0; done < count; done += CHUNK) {
            int some = Math.min(CHUNK, count - done);
            MemorySegment.copy(from, ValueLayout.JAVA_INT_UNALIGNED, fromByte + done * 4L, wide, 0, some);
            round(wide, narrow, some);
            MemorySegment.copy(narrow, 0, into, ValueLayout.JAVA_SHORT_UNALIGNED, intoByte + done * 2L, some);
        }
    }

    /** In two loops, which are vectorised; one that does both is not. */
    private static void round(int[] bits, short[] into, int count) {
        for (int i = 0; i < count; i++) {
            bits[i] = (bits[i] + 0x7fff + ((bits[i] >>> 16) & 1)) >>> 16;
        }
        for (int i = 0; i < count; i++) {
            into[i] = (short) bits[i];
        }
    }

    private void widen(MemorySegment from, long fromByte, MemorySegment into, long intoByte, int count) {
        for (int done = 0; done < count; done += CHUNK) {
            int some = Math.min(CHUNK, count - done);
            MemorySegment.copy(from, ValueLayout.JAVA_SHORT_UNALIGNED, fromByte + done * 2L, narrow, 0, some);
            widen(narrow, wide, some);
            MemorySegment.copy(wide, 0, into, ValueLayout.JAVA_INT_UNALIGNED, intoByte + done * 4L, some);
        }
    }

    private static void widen(short[] from, int[] into, int count) {
        for (int i = 0; i < count; i++) {
            into[i] = from[i];
        }
        for (int i = 0; i < count; i++) {
            into[i] <<= 16;
        }
    }
}
