package io.moeplan.tensors;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * An array whose elements need not lie in a row: what a PyTorch tensor, a NumPy array or a GGUF tensor is of a file. Its
 * bytes are fetched when elements are asked for, and it lives as long as the file it came from is open.
 *
 * <p>Elements are numbered row-major, whatever the strides are.
 */
public final class StridedTensor {
    /** Where the elements lie. */
    @FunctionalInterface
    public interface Storage {
        /**
         * The little-endian bytes.
         *
         * @throws IOException if they cannot be read
         */
        MemorySegment bytes() throws IOException;
    }

    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED
            .withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /** A view that repeats elements may be larger than its storage, up to this: bounds the work that a few bytes ask for. */
    private static final long MOST_REPEATED = 1 << 16;

    /** Takes what {@link #walk} finds: {@code count} elements from {@code first} on, {@code stride} apart. */
    @FunctionalInterface
    private interface Run {
        void take(long first, long stride, int at, int count);
    }

    private final Path file;
    private final String name;
    private final DType type;
    private final long[] shape;
    private final long[] strides;
    private final long offset;
    private final Storage storage;
    private final long elements;

    private StridedTensor(Path file, String name, DType type, long[] shape, long[] strides, long offset,
            Storage storage, long elements) {
        this.file = file;
        this.name = Printable.of(name);
        this.type = type;
        this.shape = shape;
        this.strides = strides;
        this.offset = offset;
        this.storage = storage;
        this.elements = elements;
    }

    /**
     * A view of a storage.
     *
     * @param name     what the file calls it, for messages
     * @param strides  elements from one index to the next, per dimension
     * @param offset   the first element
     * @param capacity elements that the storage has
     * @throws IOException if the view reaches out of the storage
     */
    public static StridedTensor of(Path file, String name, DType type, long[] shape, long[] strides, long offset,
            long capacity, Storage storage) throws IOException {
        if (shape.length != strides.length) {
            throw new CheckpointException(file, "tensor " + name + " has " + shape.length + " dimensions and "
                    + strides.length + " strides");
        }
        long elements = 1;
        long last = offset;
        try {
            for (int d = 0; d < shape.length; d++) {
                if (shape[d] < 0 || strides[d] < 0) {
                    throw new CheckpointException(file, "tensor " + name + " has a negative size or stride: "
                            + Arrays.toString(shape) + ", strides " + Arrays.toString(strides));
                }
                elements = Math.multiplyExact(elements, shape[d]);
                last = Math.addExact(last, Math.multiplyExact(Math.max(0, shape[d] - 1), strides[d]));
            }
        } catch (ArithmeticException e) {
            throw new CheckpointException(file, "tensor " + name + " of shape " + Arrays.toString(shape)
                    + " is larger than anything can be", e);
        }
        if (offset < 0 || (elements > 0 && last >= capacity)) {
            throw new CheckpointException(file, "tensor " + name + " of shape " + Arrays.toString(shape) + ", strides "
                    + Arrays.toString(strides) + " and offset " + offset + " reaches out of its storage of " + capacity
                    + " elements");
        }
        if (elements > Math.max(capacity, MOST_REPEATED)) {
            throw new CheckpointException(file, "tensor " + name + " of shape " + Arrays.toString(shape)
                    + " repeats a storage of " + capacity + " elements; save it with .contiguous()");
        }
        return new StridedTensor(file, name, type, shape.clone(), strides.clone(), offset, storage, elements);
    }

    /** A view of elements that lie in a row. */
    public static StridedTensor of(Path file, String name, DType type, long[] shape, long capacity, Storage storage)
            throws IOException {
        long[] strides = new long[shape.length];
        long stride = 1;
        for (int d = shape.length - 1; d >= 0; d--) {
            strides[d] = stride;
            stride = Math.max(0, shape[d]) > Long.MAX_VALUE / Math.max(1, stride) ? Long.MAX_VALUE : stride * shape[d];
        }
        return of(file, name, type, shape, strides, 0, capacity, storage);
    }

    /** The same elements as a checkpoint's tensor. */
    public static StridedTensor of(Tensor tensor) throws IOException {
        return of(tensor.file(), tensor.name(), tensor.type(), tensor.shape(), tensor.elements(), tensor::data);
    }

    public Path file() {
        return file;
    }

    public String name() {
        return name;
    }

    public DType type() {
        return type;
    }

    /** A copy of the shape, empty for a scalar. */
    public long[] shape() {
        return shape.clone();
    }

    /** Number of dimensions. */
    public int rank() {
        return shape.length;
    }

    /** The size of one dimension. */
    public long size(int dimension) {
        return shape[dimension];
    }

    /** Number of elements. */
    public long elements() {
        return elements;
    }

    /** Whether elements are whole numbers, or true and false. */
    public boolean isWhole() {
        return !type.isFloat();
    }

    /**
     * Reads {@code count} elements from element {@code from} on into {@code into[at ...]}.
     *
     * @throws IndexOutOfBoundsException if the range is outside the tensor or the array
     * @throws IOException               if the elements are no whole numbers or do not fit, or cannot be read
     */
    public void ints(long from, int[] into, int at, int count) throws IOException {
        MemorySegment data = storage.bytes();
        if (type == DType.I32) {
            walk(from, at, count, (first, stride, to, some) -> {
                if (stride == 1) {
                    MemorySegment.copy(data, INT, first * 4, into, to, some);
                } else {
                    for (int i = 0; i < some; i++) {
                        into[to + i] = data.get(INT, (first + i * stride) * 4);
                    }
                }
            });
            return;
        }
        requireWhole();
        long[] beyond = {0, 0};
        walk(from, at, count, (first, stride, to, some) -> {
            for (int i = 0; i < some; i++) {
                long value = whole(data, first + i * stride);
                into[to + i] = (int) value;
                if (value != (int) value) {
                    beyond[0] = 1;
                    beyond[1] = value;
                }
            }
        });
        if (beyond[0] != 0) {
            throw new CheckpointException(file, "tensor " + name + " holds " + (type == DType.U64
                    ? Long.toUnsignedString(beyond[1])
                    : Long.toString(beyond[1])) + ", expected numbers of 32 bits");
        }
    }

    /**
     * Reads {@code count} elements from element {@code from} on into {@code into[at ...]}, whatever their type.
     *
     * @throws IndexOutOfBoundsException if the range is outside the tensor or the array
     * @throws IOException               if they cannot be read
     */
    public void doubles(long from, double[] into, int at, int count) throws IOException {
        MemorySegment data = storage.bytes();
        walk(from, at, count, (first, stride, to, some) -> {
            for (int i = 0; i < some; i++) {
                into[to + i] = real(data, first + i * stride);
            }
        });
    }

    /**
     * All elements as whole numbers.
     *
     * @throws IOException if there are more than an array holds, or as {@link #ints} says
     */
    public int[] toInts() throws IOException {
        if (elements > Integer.MAX_VALUE - 8) {
            throw new CheckpointException(file, "tensor " + name + " of " + elements + " elements is too large");
        }
        int[] all = new int[(int) elements];
        ints(0, all, 0, all.length);
        return all;
    }

    private void requireWhole() throws IOException {
        if (!isWhole()) {
            throw new CheckpointException(file, "tensor " + name + " is " + type + ", expected whole numbers");
        }
    }

    private long whole(MemorySegment data, long index) {
        return switch (type) {
            case BOOL, U8 -> data.get(ValueLayout.JAVA_BYTE, index) & 0xff;
            case I8 -> data.get(ValueLayout.JAVA_BYTE, index);
            case I16 -> data.get(SHORT, index * 2);
            case U16 -> data.get(SHORT, index * 2) & 0xffff;
            case I32 -> data.get(INT, index * 4);
            case U32 -> data.get(INT, index * 4) & 0xffffffffL;
            default -> data.get(LONG, index * 8);
        };
    }

    private double real(MemorySegment data, long index) {
        return switch (type) {
            case F64 -> Double.longBitsToDouble(data.get(LONG, index * 8));
            case F32 -> Float.intBitsToFloat(data.get(INT, index * 4));
            case F16 -> Float.float16ToFloat(data.get(SHORT, index * 2));
            case BF16 -> Float.intBitsToFloat(data.get(SHORT, index * 2) << 16);
            case F8_E4M3, F8_E5M2, F8_E8M0 ->
                Float8.table(type)[data.get(ValueLayout.JAVA_BYTE, index) & 0xff];
            case U64 -> unsigned(data.get(LONG, index * 8));
            default -> whole(data, index);
        };
    }

    private static double unsigned(long bits) {
        return bits >= 0 ? bits : ((bits >>> 1) | (bits & 1)) * 2.0;
    }

    /** Cuts the range into runs along the last dimension, or takes it as one where the elements lie in a row. */
    private void walk(long from, int at, int count, Run run) {
        if (from < 0 || count < 0 || from > elements - count) {
            throw new IndexOutOfBoundsException(this + ": no elements " + from + " to " + (from + count));
        }
        if (count == 0) {
            return;
        }
        int inner = shape.length - 1;
        if (inner < 0 || isRow()) {
            run.take(offset + from, 1, at, count);
            return;
        }
        long[] index = new long[shape.length];
        long rest = from;
        for (int d = inner; d >= 0; d--) {
            index[d] = rest % shape[d];
            rest /= shape[d];
        }
        int done = 0;
        while (done < count) {
            long first = offset;
            for (int d = 0; d <= inner; d++) {
                first += index[d] * strides[d];
            }
            int some = (int) Math.min(count - done, shape[inner] - index[inner]);
            run.take(first, strides[inner], at + done, some);
            done += some;
            advance(index, some);
        }
    }

    private void advance(long[] index, int along) {
        int d = index.length - 1;
        index[d] += along;
        while (d > 0 && index[d] == shape[d]) {
            index[d] = 0;
            d--;
            index[d]++;
        }
    }

    private boolean isRow() {
        long stride = 1;
        for (int d = shape.length - 1; d >= 0; d--) {
            if (shape[d] != 1 && strides[d] != stride) {
                return false;
            }
            stride *= shape[d];
        }
        return true;
    }

    /** For example {@code I32 [4, 20]}. */
    @Override
    public String toString() {
        return type + " " + Arrays.toString(shape);
    }
}
