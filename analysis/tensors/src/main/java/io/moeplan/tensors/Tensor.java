package io.moeplan.tensors;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Objects;

/**
 * A named array of a checkpoint file, mapped or copied into memory. It lives as long as what it came from: a
 * {@link Checkpoint}, a {@link SafetensorsFile}, or the memory it was read into.
 *
 * @param file     the file it lies in
 * @param shape    row-major, empty for a scalar
 * @param position the byte of the file where it begins
 * @param data     its little-endian bytes, not copied; exactly {@code product(shape) * type.bytes()} long, not aligned
 */
public record Tensor(Path file, String name, DType type, long[] shape, long position, MemorySegment data) {
    private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED
            .withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED
            .withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfDouble DOUBLE = ValueLayout.JAVA_DOUBLE_UNALIGNED
            .withOrder(ByteOrder.LITTLE_ENDIAN);

    /** Number of elements. */
    public long elements() {
        return data.byteSize() / type.bytes();
    }

    /** Whether the shape is exactly this one. */
    public boolean hasShape(long... expected) {
        return Arrays.equals(shape, expected);
    }

    /**
     * Decodes {@code count} elements from element {@code from} on into {@code into[at ...]}. The 8-bit float types give
     * their own values here; what a separate scale makes of them is a {@link io.moeplan.tensors.matrix.Matrix}' business.
     *
     * @throws IllegalStateException     if the type is not a float type ({@link DType#isFloat})
     * @throws IndexOutOfBoundsException if the range is outside the tensor or the array
     */
    public void read(long from, float[] into, int at, int count) {
        switch (type) {
            case BF16 -> Decoder.ofThread().bf16(data, from, into, at, count);
            case F16 -> Decoder.ofThread().f16(data, from, into, at, count);
            case F32 -> MemorySegment.copy(data, FLOAT, from * 4, into, at, count);
            case F64 -> readF64(from, into, at, count);
            case F8_E4M3, F8_E5M2, F8_E8M0 -> readScaled(from, into, at, count, 1);
            default -> throw noFloat();
        }
    }

    /**
     * {@link #read} of an 8-bit float type, each value times {@code scale} in float32.
     *
     * @throws IllegalArgumentException  if the type is another one
     * @throws IndexOutOfBoundsException if the range is outside the tensor or the array
     */
    public void readScaled(long from, float[] into, int at, int count, float scale) {
        Decoder.ofThread().scaled(Float8.table(type), scale, data, from, into, at, count);
    }

    /**
     * The value of one element.
     *
     * @throws IllegalStateException     if the type is not a float type
     * @throws IndexOutOfBoundsException if there is no such element
     */
    public float value(long index) {
        return switch (type) {
            case BF16 -> Float.intBitsToFloat(data.get(SHORT, index * 2) << 16);
            case F16 -> Float.float16ToFloat(data.get(SHORT, index * 2));
            case F32 -> data.get(FLOAT, index * 4);
            case F64 -> (float) data.get(DOUBLE, index * 8);
            case F8_E4M3, F8_E5M2, F8_E8M0 -> Float8.table(type)[data.get(BYTE, index) & 0xff];
            default -> throw noFloat();
        };
    }

    /** This tensor with its bytes elsewhere, for a copy of the file's bytes {@code [position, position + length)}. */
    public Tensor in(MemorySegment copy) {
        if (copy.byteSize() != data.byteSize()) {
            throw new IllegalArgumentException(this + " has " + data.byteSize() + " bytes, not " + copy.byteSize());
        }
        return new Tensor(file, name, type, shape, position, copy);
    }

    /**
     * Entry {@code index} of the first dimension, as a tensor {@code [1, ...]} of its own.
     *
     * @throws IndexOutOfBoundsException if there is no such entry
     */
    public Tensor entry(int index) {
        Objects.checkIndex(index, shape.length == 0 ? 0 : shape[0]);
        long size = data.byteSize() / shape[0];
        long[] one = shape.clone();
        one[0] = 1;
        return new Tensor(file, name, type, one, position + index * size, data.asSlice(index * size, size));
    }

    private IllegalStateException noFloat() {
        return new IllegalStateException(file + ": tensor " + name + " is " + type
                + ", which has no float32 value of its own");
    }

    /**
     * All elements as float32, in the order they lie.
     *
     * @throws IllegalStateException if the type is not a plain float type or there are more elements than an array holds
     */
    public float[] toFloats() {
        float[] floats = new float[arrayLength()];
        read(0, floats, 0, floats.length);
        return floats;
    }

    /**
     * All elements of an I32 tensor.
     *
     * @throws IllegalStateException if the type is another one or there are more elements than an array holds
     */
    public int[] toInts() {
        if (type != DType.I32) {
            throw new IllegalStateException(file + ": tensor " + name + " is " + type + ", expected I32");
        }
        int[] ints = new int[arrayLength()];
        MemorySegment.copy(data, INT, 0, ints, 0, ints.length);
        return ints;
    }

    private int arrayLength() {
        if (elements() > Integer.MAX_VALUE - 8) {
            throw new IllegalStateException(file + ": tensor " + name + " is too large for an array");
        }
        return (int) elements();
    }

    private void readF64(long from, float[] into, int at, int count) {
        for (int i = 0; i < count; i++) {
            into[at + i] = (float) data.get(DOUBLE, (from + i) * 8);
        }
    }

    @Override
    public String toString() {
        return name + " " + type + Arrays.toString(shape);
    }
}
