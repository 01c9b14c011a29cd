package io.moeplan.engine.cpu;

import io.moeplan.engine.gemm.Bf16;
import io.moeplan.engine.gemm.Element;
import io.moeplan.engine.gemm.Rows;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * A matrix {@code [rows][width]} outside the Java heap; it may hold more than 2^31 numbers. Of bfloat16, it rounds what is
 * written.
 */
final class OffHeapRows {
    /** Rows beyond the last that products may read: the most that a product is padded with. */
    private static final int PADDING = 128;

    private final MemorySegment data;
    private final Element element;
    private final int rows;
    private final int width;

    OffHeapRows(Arena arena, Element element, int rows, int width) {
        this.element = element;
        this.rows = rows;
        this.width = width;
        this.data = arena.allocate(bytes(element, rows, width), 64);
    }

    private OffHeapRows(MemorySegment data, Element element, int rows, int width) {
        this.data = data;
        this.element = element;
        this.rows = rows;
        this.width = width;
    }

    /** The same memory for other numbers, no wider than those in it now. */
    OffHeapRows reused(Element other, int otherWidth) {
        return new OffHeapRows(data.asSlice(0, bytes(other, rows, otherWidth)), other, rows, otherWidth);
    }

    /** Bytes that it takes. */
    static long bytes(Element element, long rows, int width) {
        return (rows + PADDING) * width * element.bytes();
    }

    private long at(long row) {
        return row * width * element.bytes();
    }

    /** Columns {@code [column, column + count)} of some rows, to be multiplied where they are and not to be written. */
    Rows rows(int from, int count, int column, int columns) {
        long start = at(from) + (long) column * element.bytes();
        int room = Math.toIntExact(Math.min(rows + (long) PADDING - from, count + (long) PADDING));
        return new Rows(data.asSlice(start, at(room - 1L) + (long) columns * element.bytes()), element, count, columns,
                width, room);
    }

    /** Some rows, to be written: only those after the last of all are padding. */
    Rows written(int from, int count) {
        int room = from + count == rows ? count + PADDING : count;
        return new Rows(data.asSlice(at(from), at(room)), element, count, width, width, room);
    }

    /** The first {@code count} numbers of a row. */
    void read(int row, float[] into, int count) {
        read(row, 0, into, count);
    }

    /** {@code count} numbers of a row from {@code column} on. */
    void read(int row, int column, float[] into, int count) {
        long from = at(row) + (long) column * element.bytes();
        if (element == Element.BF16) {
            Bf16.widen(data, from, into, count);
        } else {
            MemorySegment.copy(data, ValueLayout.JAVA_FLOAT, from, into, 0, count);
        }
    }

    /** The first {@code count} numbers of a row. */
    void write(int row, float[] from, int count) {
        if (element == Element.BF16) {
            Bf16.round(from, count, data, at(row));
        } else {
            MemorySegment.copy(from, 0, data, ValueLayout.JAVA_FLOAT, at(row), count);
        }
    }

    void read(int row, float[] into) {
        read(row, into, width);
    }

    void write(int row, float[] from) {
        write(row, from, width);
    }

    /** Copies rows {@code which[from + i]} as they are into all rows {@code i} of a matrix of numbers of the same type. */
    void gather(int[] which, int from, Rows into) {
        long bytes = (long) into.width() * element.bytes();
        for (int i = 0; i < into.rows(); i++) {
            MemorySegment.copy(data, at(which[from + i]), into.data(), into.at(i), bytes);
        }
    }

    /** {@code this[row] += factor * x}; {@code buffer} is scratch of this width. */
    void add(int row, float factor, float[] x, float[] buffer) {
        read(row, buffer);
        for (int i = 0; i < width; i++) {
            buffer[i] = Math.fma(factor, x[i], buffer[i]);
        }
        write(row, buffer);
    }
}
