package io.moeplan.tensors;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Whole numbers that are to be written as a tensor, row-major. They come in pieces, so that they need not be in memory as a
 * whole, and more than once, since some formats want a checksum first.
 *
 * @param type   {@link DType#I32} or {@link DType#I64}
 * @param shape  sizes, outermost first
 * @param values where the elements come from
 */
public record NewTensor(DType type, long[] shape, Values values) {
    private static final int CHUNK = 1 << 14;

    /** Gives elements. */
    @FunctionalInterface
    public interface Values {
        /** Puts elements {@code from} to {@code from + count - 1} into the first places of an array. */
        void read(long from, int[] into, int count) throws IOException;
    }

    /** @throws IllegalArgumentException if the type is another one, or a size is negative */
    public NewTensor {
        if (type != DType.I32 && type != DType.I64) {
            throw new IllegalArgumentException("tensors of " + type + " are not written");
        }
        shape = shape.clone();
        for (long size : shape) {
            if (size < 0) {
                throw new IllegalArgumentException("a tensor with a size of " + size);
            }
        }
    }

    /** A matrix of 64-bit numbers, as PyTorch makes of Python's integers. */
    public static NewTensor ofRows(int[][] rows) {
        int width = rows.length == 0 ? 0 : rows[0].length;
        return new NewTensor(DType.I64, new long[]{rows.length, width}, (from, into, count) -> {
            for (int i = 0; i < count; i++) {
                into[i] = rows[(int) ((from + i) / width)][(int) ((from + i) % width)];
            }
        });
    }

    /** Number of elements. */
    public long elements() {
        long product = 1;
        for (long size : shape) {
            product = Math.multiplyExact(product, size);
        }
        return product;
    }

    /** Bytes that {@link #writeTo} writes. */
    public long bytes() {
        return Math.multiplyExact(elements(), (long) type.bytes());
    }

    /** Writes the elements, little-endian. */
    public void writeTo(OutputStream out) throws IOException {
        int[] some = new int[CHUNK];
        ByteBuffer bytes = ByteBuffer.allocate(CHUNK * type.bytes()).order(ByteOrder.LITTLE_ENDIAN);
        long all = elements();
        for (long from = 0; from < all; from += CHUNK) {
            int count = (int) Math.min(CHUNK, all - from);
            values.read(from, some, count);
            bytes.clear();
            for (int i = 0; i < count; i++) {
                if (type == DType.I32) {
                    bytes.putInt(some[i]);
                } else {
                    bytes.putLong(some[i]);
                }
            }
            out.write(bytes.array(), 0, bytes.position());
        }
    }
}
