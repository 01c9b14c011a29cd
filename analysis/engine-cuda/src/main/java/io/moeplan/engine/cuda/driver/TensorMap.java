package io.moeplan.engine.cuda.driver;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Descriptions of matrices for Hopper's copy engine, which brings boxes of them to shared memory with 128-byte swizzling.
 * Boxes are 128 bytes wide and {@code boxRows} rows high; what lies outside the matrix is read as 0 and not written. Addresses
 * and rows begin at multiples of 16 bytes.
 */
public final class TensorMap {
    private static final int BYTES = 128;
    private static final int BOX_BYTES = 128;
    private static final int UINT8 = 0;
    private static final int SWIZZLE_128 = 3;
    private static final int L2_PROMOTION_256 = 3;

    private TensorMap() {}

    /**
     * A matrix {@code [rows][columns]}, row-major, in boxes of 64 columns, of float32 of 32.
     *
     * @param stride elements from a row to the next, a multiple of 16 bytes
     */
    public static MemorySegment of(Cuda cuda, Arena arena, NumberType type, long address, long rows, long columns,
            long stride, int boxRows) {
        return encode(cuda, arena, type.mapCode(), type.bytes(), address, rows, columns, stride, boxRows);
    }

    /** A matrix of bytes {@code [rows][columns]}, row-major without gaps, in boxes of 128 columns. */
    public static MemorySegment bytes(Cuda cuda, Arena arena, long address, long rows, long columns, int boxRows) {
        return encode(cuda, arena, UINT8, 1, address, rows, columns, columns, boxRows);
    }

    private static MemorySegment encode(Cuda cuda, Arena arena, int type, int elementBytes, long address, long rows,
            long columns, long stride, int boxRows) {
        MemorySegment map = arena.allocate(BYTES, 64);
        MemorySegment sizes = arena.allocateFrom(ValueLayout.JAVA_LONG, columns, rows);
        MemorySegment strides = arena.allocateFrom(ValueLayout.JAVA_LONG, stride * elementBytes);
        MemorySegment box = arena.allocateFrom(ValueLayout.JAVA_INT, BOX_BYTES / elementBytes, boxRows);
        MemorySegment steps = arena.allocateFrom(ValueLayout.JAVA_INT, 1, 1);
        cuda.driver.call(cuda.driver.tensorMapEncodeTiled, map, type, 2, address, sizes, strides, box, steps, 0,
                SWIZZLE_128, L2_PROMOTION_256, 0);
        return map;
    }
}
