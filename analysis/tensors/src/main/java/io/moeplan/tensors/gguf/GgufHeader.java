package io.moeplan.tensors.gguf;

import io.moeplan.tensors.CheckpointException;
import io.moeplan.tensors.DType;
import io.moeplan.tensors.StridedTensor;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/** Reads a GGUF file's head: metadata and the list of tensors (ggml's docs/gguf.md describes it). */
final class GgufHeader {
    private record Entry(String name, long[] shape, int type, long offset) {}

    private static final int MAGIC = 0x46554747;
    private static final int STRING = 8;
    private static final int ARRAY = 9;
    private static final int DEEPEST_ARRAY = 4;
    private static final int MOST_DIMENSIONS = 4;
    private static final Map<Integer, DType> TYPES = Map.of(0, DType.F32, 1, DType.F16, 24, DType.I8, 25, DType.I16,
            26, DType.I32, 27, DType.I64, 28, DType.F64, 30, DType.BF16);
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED
            .withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final Path path;
    private final MemorySegment file;
    private final Map<String, Object> metadata = new LinkedHashMap<>();
    private final SequencedMap<String, Integer> types = new LinkedHashMap<>();
    private final Map<String, StridedTensor> tensors = new LinkedHashMap<>();
    private long at;

    private GgufHeader(Path path, MemorySegment file) {
        this.path = path;
        this.file = file;
    }

    static GgufHeader read(Path path, MemorySegment file) throws IOException {
        GgufHeader header = new GgufHeader(path, file);
        try {
            header.read();
        } catch (IndexOutOfBoundsException e) {
            throw new CheckpointException(path, "truncated or damaged GGUF file: a field at byte " + header.at
                    + " reaches beyond the end", e);
        }
        return header;
    }

    Map<String, Object> metadata() {
        return metadata;
    }

    SequencedMap<String, Integer> types() {
        return types;
    }

    Map<String, StridedTensor> tensors() {
        return tensors;
    }

    private void read() throws IOException {
        if (file.byteSize() < 24 || u32() != MAGIC) {
            throw new CheckpointException(path, "no GGUF file");
        }
        long version = u32();
        if (version != 2 && version != 3) {
            throw new CheckpointException(path, "GGUF version " + version + ", versions 2 and 3 are read");
        }
        // The least that a tensor and a pair take.
        long tensorCount = count(24, "tensors");
        long pairs = count(12, "metadata");
        for (long i = 0; i < pairs; i++) {
            String key = string();
            Object value = value((int) u32(), 0);
            if (value != null) {
                metadata.put(key, value);
            }
        }
        List<Entry> entries = new ArrayList<>();
        for (long i = 0; i < tensorCount; i++) {
            entries.add(entry());
        }
        long alignment = metadata.get("general.alignment") instanceof Long given ? given : 32;
        if (alignment < 1 || alignment > 1 << 20) {
            throw new CheckpointException(path, "GGUF alignment of " + alignment + " bytes");
        }
        locate(entries, Math.ceilDiv(at, alignment) * alignment);
    }

    private void locate(List<Entry> entries, long dataAt) throws IOException {
        for (Entry entry : entries) {
            if (types.put(entry.name(), entry.type()) != null) {
                throw new CheckpointException(path, "two tensors " + entry.name());
            }
            DType type = TYPES.get(entry.type());
            if (type == null) {
                continue;
            }
            if (entry.offset() < 0 || entry.offset() > file.byteSize() - dataAt) {
                throw new CheckpointException(path, "tensor " + entry.name() + " begins beyond the end of the file");
            }
            MemorySegment data = file.asSlice(dataAt + entry.offset());
            tensors.put(entry.name(), StridedTensor.of(path, entry.name(), type, entry.shape(),
                    data.byteSize() / type.bytes(), () -> data));
        }
    }

    private Entry entry() throws IOException {
        String name = string();
        int dimensions = (int) u32();
        if (dimensions < 0 || dimensions > MOST_DIMENSIONS) {
            throw new CheckpointException(path, "tensor " + name + " has " + Integer.toUnsignedString(dimensions)
                    + " dimensions");
        }
        long[] shape = new long[dimensions];
        for (int d = dimensions - 1; d >= 0; d--) {
            shape[d] = u64();
        }
        return new Entry(name, shape, (int) u32(), u64());
    }

    /** A value, null if it is an array. */
    private Object value(int type, int depth) throws IOException {
        return switch (type) {
            case 0 -> (long) (file.get(ValueLayout.JAVA_BYTE, advance(1)) & 0xff);
            case 1 -> (long) file.get(ValueLayout.JAVA_BYTE, advance(1));
            case 2 -> (long) (file.get(SHORT, advance(2)) & 0xffff);
            case 3 -> (long) file.get(SHORT, advance(2));
            case 4 -> u32();
            case 5 -> (long) (int) u32();
            case 6 -> (double) Float.intBitsToFloat((int) u32());
            case 7 -> file.get(ValueLayout.JAVA_BYTE, advance(1)) != 0;
            case STRING -> string();
            case ARRAY -> skipArray(depth);
            case 10, 11 -> u64();
            case 12 -> Double.longBitsToDouble(u64());
            default -> throw new CheckpointException(path, "metadata of type " + Integer.toUnsignedString(type)
                    + " at byte " + at);
        };
    }

    private Object skipArray(int depth) throws IOException {
        int type = (int) u32();
        long count = count(1, "array");
        if (depth == DEEPEST_ARRAY) {
            throw new CheckpointException(path, "metadata arrays nested more than " + DEEPEST_ARRAY + " deep");
        }
        for (long i = 0; i < count; i++) {
            if (type == STRING) {
                advance(count(1, "string"));
            } else {
                value(type, depth + 1);
            }
        }
        return null;
    }

    private String string() throws IOException {
        long length = count(1, "string");
        long from = advance(length);
        return new String(file.asSlice(from, length).toArray(ValueLayout.JAVA_BYTE), StandardCharsets.UTF_8);
    }

    /** A number of things that take at least {@code bytes} bytes each. */
    private long count(int bytes, String what) throws IOException {
        long count = u64();
        if (count < 0 || count > (file.byteSize() - at) / bytes) {
            throw new CheckpointException(path, "damaged GGUF file: " + what + " of " + Long.toUnsignedString(count)
                    + " at byte " + at);
        }
        return count;
    }

    private long advance(long bytes) {
        long from = at;
        at += bytes;
        return from;
    }

    private long u32() {
        return file.get(INT, advance(4)) & 0xffffffffL;
    }

    private long u64() {
        return file.get(LONG, advance(8));
    }
}
