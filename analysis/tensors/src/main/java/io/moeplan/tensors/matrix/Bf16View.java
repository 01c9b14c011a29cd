package io.moeplan.tensors.matrix;

import java.lang.foreign.MemorySegment;

/**
 * A matrix as it lies in memory, little-endian bfloat16: element {@code [row][column]} is at byte
 * {@code 2 * (row * rowStride + column * columnStride)} of {@code data}.
 *
 * @param data         from the first element to the end of the last one; not aligned
 * @param rowStride    in elements; 1 if the matrix lies transposed
 * @param columnStride in elements; 1 if its rows are contiguous
 */
public record Bf16View(MemorySegment data, long rowStride, long columnStride) {}
