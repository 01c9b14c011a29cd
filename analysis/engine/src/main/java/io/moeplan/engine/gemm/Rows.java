package io.moeplan.engine.gemm;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Objects;

/**
 * A matrix {@code [rows][width]} of activations in memory: element {@code [row][column]} is at byte
 * {@code (row * stride + column) * element.bytes()} of {@code data}. Native memory is used as it lies; from the Java heap
 * it is copied.
 *
 * @param stride in elements, at least {@code width}
 * @param room   the rows that the memory holds for this matrix: those after {@code rows} are padding, whose contents mean
 *               nothing and may be overwritten with anything
 */
public record Rows(MemorySegment data, Element element, int rows, int width, long stride, int room) {
    private static final long CACHE_LINE = 64;

    public Rows {
        if (rows < 0 || width < 1 || stride < width || room < rows) {
            throw new IllegalArgumentException("no matrix: " + rows + " rows of " + room + ", " + width
                    + " wide, stride " + stride);
        }
        long elements = room == 0 ? 0 : (room - 1) * stride + width;
        Objects.checkFromIndexSize(0, elements * element.bytes(), data.byteSize());
    }

    /** Contiguous rows without padding. */
    public static Rows of(MemorySegment data, Element element, int rows, int width) {
        return new Rows(data, element, rows, width, width, rows);
    }

    /** New contiguous rows of zeros, {@code room} of them. */
    public static Rows allocate(Arena arena, Element element, int rows, int width, int room) {
        long bytes = Math.max(1, (long) room * width * element.bytes());
        return new Rows(arena.allocate(bytes, CACHE_LINE), element, rows, width, width, room);
    }

    /** The same memory with another number of its rows in use. */
    public Rows withRows(int used) {
        return new Rows(data, element, used, width, stride, room);
    }

    /** Columns {@code [from, from + count)} of all rows, where they are. */
    public Rows columns(int from, int count) {
        Objects.checkFromIndexSize(from, count, width);
        return new Rows(data.asSlice((long) from * element.bytes()), element, rows, count, stride, room);
    }

    /** {@code count} rows from {@code from} on; the last ones keep the padding behind them. */
    public Rows slice(int from, int count) {
        Objects.checkFromIndexSize(from, count, rows);
        int left = from + count == rows ? room - from : count;
        return new Rows(data.asSlice(Math.min(at(from), data.byteSize())), element, count, width, stride, left);
    }

    /** The byte of {@code data} where a row begins. */
    public long at(int row) {
        return row * stride * element.bytes();
    }
}
