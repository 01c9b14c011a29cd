package io.moeplan.engine.cpu;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** A float32 matrix {@code [rows][width]} outside the Java heap; it may hold more than 2^31 floats. */
final class OffHeapRows {
    private final MemorySegment floats;
    private final int width;

    OffHeapRows(Arena arena, int rows, int width) {
        this.floats = arena.allocate(4L * rows * width, 64);
        this.width = width;
    }

    int width() {
        return width;
    }

    /** The first {@code count} floats of a row. */
    void read(int row, float[] into, int count) {
        MemorySegment.copy(floats, ValueLayout.JAVA_FLOAT, 4L * row * width, into, 0, count);
    }

    /** The first {@code count} floats of a row. */
    void write(int row, float[] from, int count) {
        MemorySegment.copy(from, 0, floats, ValueLayout.JAVA_FLOAT, 4L * row * width, count);
    }

    void read(int row, float[] into) {
        MemorySegment.copy(floats, ValueLayout.JAVA_FLOAT, 4L * row * width, into, 0, width);
    }

    void write(int row, float[] from) {
        MemorySegment.copy(from, 0, floats, ValueLayout.JAVA_FLOAT, 4L * row * width, width);
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
