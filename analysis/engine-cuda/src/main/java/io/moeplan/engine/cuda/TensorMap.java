package io.moeplan.engine.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Descriptions of matrices for Hopper's copy engine, which brings boxes of them to shared memory. */
final class TensorMap {
    private static final int BYTES = 128;
    private static final int BF16 = 9;
    private static final int SWIZZLE_128 = 3;
    private static final int L2_PROMOTION_256 = 3;

    private TensorMap() {}

    /**
     * A bf16 matrix {@code [rows][columns]}, row-major, brought in boxes {@code [boxRows][boxColumns]} with 128-byte
     * swizzling; what lies outside is read as 0.
     *
     * @param boxColumns 64: 128 bytes
     */
    static MemorySegment bf16(Cuda cuda, Arena arena, long address, long rows, long columns, int boxRows,
            int boxColumns) {
        MemorySegment map = arena.allocate(BYTES, 64);
        MemorySegment sizes = arena.allocateFrom(ValueLayout.JAVA_LONG, columns, rows);
        MemorySegment strides = arena.allocateFrom(ValueLayout.JAVA_LONG, columns * 2);
        MemorySegment box = arena.allocateFrom(ValueLayout.JAVA_INT, boxColumns, boxRows);
        MemorySegment steps = arena.allocateFrom(ValueLayout.JAVA_INT, 1, 1);
        cuda.driver.call(cuda.driver.tensorMapEncodeTiled, map, BF16, 2, address, sizes, strides, box, steps, 0,
                SWIZZLE_128, L2_PROMOTION_256, 0);
        return map;
    }
}
