package io.moeplan.tensors.torch;

import io.moeplan.tensors.CheckpointException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** The bytes of a pickle, and a purse for what is made of them. */
final class PickleInput {
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong BIG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
    /** Lines of the text protocol hold numbers and names, and strings of old writers. */
    private static final int LONGEST_LINE = 1 << 20;

    /** No pickle that only holds values takes more heap for each of its bytes; one that copies them over and over does. */
    private static final long MOST_PER_BYTE = 128;
    private static final long LEAST_LIMIT = 1 << 20;

    private final Path path;
    private final MemorySegment bytes;
    private final long limit;
    private long at;
    private long taken;

    PickleInput(Path path, MemorySegment bytes) {
        this.path = path;
        this.bytes = bytes;
        this.limit = Math.min(Runtime.getRuntime().maxMemory() / 2, LEAST_LIMIT + MOST_PER_BYTE * bytes.byteSize());
    }

    /** Bytes read so far. */
    long position() {
        return at;
    }

    Path path() {
        return path;
    }

    CheckpointException fault(String problem) {
        return new CheckpointException(path, "byte " + at + " of its pickle: " + problem);
    }

    /** Counts what goes to the heap. */
    void take(long heapBytes) throws IOException {
        taken += heapBytes;
        if (taken > limit) {
            boolean memory = limit == Runtime.getRuntime().maxMemory() / 2;
            throw fault("what it holds takes more than " + (limit >> 20) + " MiB, " + (memory
                    ? "half of the memory there is; give moeplan more (-Xmx)"
                    : "more than a pickle of " + bytes.byteSize() + " bytes needs to"));
        }
    }

    private long advance(long count) throws IOException {
        if (count < 0 || count > bytes.byteSize() - at) {
            throw fault("truncated: " + Long.toUnsignedString(count) + " bytes are said to follow, "
                    + (bytes.byteSize() - at) + " do");
        }
        long from = at;
        at += count;
        return from;
    }

    int u8() throws IOException {
        return bytes.get(ValueLayout.JAVA_BYTE, advance(1)) & 0xff;
    }

    int u16() throws IOException {
        return u8() | u8() << 8;
    }

    int i32() throws IOException {
        return bytes.get(INT, advance(4));
    }

    long u32() throws IOException {
        return i32() & 0xffffffffL;
    }

    long i64() throws IOException {
        return bytes.get(LONG, advance(8));
    }

    double bigEndianDouble() throws IOException {
        return Double.longBitsToDouble(bytes.get(BIG, advance(8)));
    }

    byte[] bytes(long count) throws IOException {
        long from = advance(count);
        if (count > Integer.MAX_VALUE - 8) {
            throw fault("a string of " + count + " bytes");
        }
        take(count);
        return bytes.asSlice(from, count).toArray(ValueLayout.JAVA_BYTE);
    }

    String utf8(long count) throws IOException {
        return new String(bytes(count), StandardCharsets.UTF_8);
    }

    /** Up to the next line feed, without it; a character for each byte. */
    String line() throws IOException {
        long most = Math.min(LONGEST_LINE, bytes.byteSize() - at);
        for (long length = 0; length < most; length++) {
            if (bytes.get(ValueLayout.JAVA_BYTE, at + length) == '\n') {
                String line = new String(bytes(length), StandardCharsets.ISO_8859_1);
                at++;
                return line;
            }
        }
        throw fault("truncated: a line does not end");
    }
}
