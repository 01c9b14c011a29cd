package io.moeplan.tensors;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * Looks for infinities and NaN in the stored bits, eight bytes at a time. Of every lane only the bits that are all ones in
 * such a value are kept; adding their lowest bit then carries into the sign's place exactly if they were all ones.
 */
public final class NonFinite {
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED
            .withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final int CHUNK = 2048;

    private NonFinite() {}

    /**
     * Whether one of the {@code count} elements from {@code from} on is infinite or NaN.
     *
     * @throws IllegalStateException     if the type is not a float type
     * @throws IndexOutOfBoundsException if the range is outside the tensor
     */
    public static boolean any(Tensor tensor, long from, long count) {
        int width = tensor.type().bytes();
        MemorySegment data = tensor.data().asSlice(from * width, count * width);
        return switch (tensor.type()) {
            case BF16 -> any(data, 0x7f80, 0x80, 0x8000, 2);
            case F16 -> any(data, 0x7c00, 0x400, 0x8000, 2);
            case F32 -> any(data, 0x7f80_0000L, 0x80_0000L, 0x8000_0000L, 4);
            case F64 -> any(data, 0x7ff0_0000_0000_0000L, 0x10_0000_0000_0000L, Long.MIN_VALUE, 8);
            case F8_E4M3 -> any(data, 0x7f, 1, 0x80, 1);
            case F8_E5M2 -> any(data, 0x7c, 4, 0x80, 1);
            default -> anyByValue(tensor, from, count);
        };
    }

    /**
     * Does nothing if all elements are finite.
     *
     * @throws CheckpointException   if one is not, saying which
     * @throws IllegalStateException if the type is not a float type
     */
    public static void requireNone(Tensor tensor) throws CheckpointException {
        if (!any(tensor, 0, tensor.elements())) {
            return;
        }
        long at = 0;
        while (Float.isFinite(tensor.value(at))) {
            at++;
        }
        throw new CheckpointException(tensor.file(), "tensor " + tensor.name() + " holds " + tensor.value(at)
                + " (element " + at + "): the checkpoint is damaged");
    }

    private static boolean anyByValue(Tensor tensor, long from, long count) {
        for (long i = from; i < from + count; i++) {
            if (!Float.isFinite(tensor.value(i))) {
                return true;
            }
        }
        return false;
    }

    private static boolean any(MemorySegment data, long mask, long lowest, long sign, int width) {
        long lanes = repeated(1, width);
        long masks = mask * lanes;
        long lowests = lowest * lanes;
        long signs = sign * lanes;
        long longs = data.byteSize() / 8;
        long[] chunk = new long[(int) Math.min(CHUNK, longs)];
        for (long begin = 0; begin < longs; begin += CHUNK) {
            int some = (int) Math.min(CHUNK, longs - begin);
            MemorySegment.copy(data, LONG, begin * 8, chunk, 0, some);
            if ((carries(chunk, some, masks, lowests) & signs) != 0) {
                return true;
            }
        }
        long rest = 0;
        for (long i = longs * 8; i < data.byteSize(); i++) {
            rest |= (data.get(ValueLayout.JAVA_BYTE, i) & 0xffL) << (i % 8 * 8);
        }
        return (((rest & masks) + lowests) & signs) != 0;
    }

    /** From an array, whose loops are vectorised where those over memory segments are not. */
    private static long carries(long[] chunk, int longs, long masks, long lowests) {
        long all = 0;
        for (int i = 0; i < longs; i++) {
            all |= (chunk[i] & masks) + lowests;
        }
        return all;
    }

    /** The value in every lane of {@code width} bytes. */
    private static long repeated(long value, int width) {
        long all = value;
        for (int shift = width * 8; shift < 64; shift *= 2) {
            all |= all << shift;
        }
        return all;
    }
}
