package io.moeplan.engine.gemm;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Rows of activations to and from arrays of float32 on the heap, where the JIT compiler's loops are fastest. */
final class HeapRows {
    private HeapRows() {}

    /** Sets {@code into[0 .. width)} to a row, widened if it is bfloat16. */
    static void read(Rows x, int row, float[] into) {
        if (x.element() == Element.F32) {
            MemorySegment.copy(x.data(), ValueLayout.JAVA_FLOAT_UNALIGNED, x.at(row), into, 0, x.width());
        } else {
            Bf16.widen(x.data(), x.at(row), into, x.width());
        }
    }

    /** Sets {@code count} elements of a row of float32, from {@code column} on, to {@code from[at .. at + count)}. */
    static void write(float[] from, int at, int count, Rows y, int row, int column) {
        MemorySegment.copy(from, at, y.data(), ValueLayout.JAVA_FLOAT_UNALIGNED,
                y.at(row) + (long) column * Element.F32.bytes(), count);
    }
}
