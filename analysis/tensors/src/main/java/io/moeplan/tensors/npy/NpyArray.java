package io.moeplan.tensors.npy;

import io.moeplan.tensors.CheckpointException;
import io.moeplan.tensors.DType;
import io.moeplan.tensors.StridedTensor;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Bytes in NumPy's {@code .npy} format, versions 1 to 3 (numpy.lib.format describes it). */
public final class NpyArray {
    private static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y'};
    private static final int LONGEST_HEADER = 1 << 16;
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED
            .withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final Pattern DESCR = Pattern.compile("'descr':\\s*'([^']{1,16})'");
    private static final Pattern ORDER = Pattern.compile("'fortran_order':\\s*(True|False)");
    private static final Pattern SHAPE = Pattern.compile("'shape':\\s*\\(([0-9, ]{0,256})\\)");
    private static final Map<String, DType> TYPES = Map.ofEntries(Map.entry("b1", DType.BOOL),
            Map.entry("i1", DType.I8), Map.entry("u1", DType.U8), Map.entry("i2", DType.I16),
            Map.entry("u2", DType.U16), Map.entry("i4", DType.I32), Map.entry("u4", DType.U32),
            Map.entry("i8", DType.I64), Map.entry("u8", DType.U64), Map.entry("f2", DType.F16),
            Map.entry("f4", DType.F32), Map.entry("f8", DType.F64));

    private NpyArray() {}

    /** Whether the bytes begin like such a file. */
    public static boolean begins(MemorySegment bytes) {
        return bytes.byteSize() >= MAGIC.length
                && bytes.asSlice(0, MAGIC.length).mismatch(MemorySegment.ofArray(MAGIC)) < 0;
    }

    /**
     * The array that the bytes hold, a view of them.
     *
     * @param path the file they came from, for messages
     * @param name what the array is, for messages
     * @throws IOException if they are not such a file of little-endian numbers, or too few
     */
    public static StridedTensor parse(Path path, String name, MemorySegment bytes) throws IOException {
        if (!begins(bytes) || bytes.byteSize() < 12) {
            throw new CheckpointException(path, name + " is not in NumPy's .npy format");
        }
        int version = bytes.get(ValueLayout.JAVA_BYTE, 6);
        long length = version == 1 ? bytes.get(SHORT, 8) & 0xffff : bytes.get(INT, 8) & 0xffffffffL;
        long from = version == 1 ? 10 : 12;
        if (version < 1 || version > 3 || length > Math.min(LONGEST_HEADER, bytes.byteSize() - from)) {
            throw new CheckpointException(path, name + " has a header of version " + version + " and " + length
                    + " bytes: damaged, or not supported");
        }
        String header = new String(bytes.asSlice(from, length).toArray(ValueLayout.JAVA_BYTE),
                StandardCharsets.ISO_8859_1);
        return view(path, name, header, bytes.asSlice(from + length));
    }

    private static StridedTensor view(Path path, String name, String header, MemorySegment data) throws IOException {
        DType type = type(path, name, find(path, name, header, DESCR));
        boolean columns = find(path, name, header, ORDER).equals("True");
        long[] shape = shape(path, name, find(path, name, header, SHAPE));
        long[] strides = new long[shape.length];
        long stride = 1;
        for (int i = 0; i < shape.length; i++) {
            int d = columns ? i : shape.length - 1 - i;
            strides[d] = stride;
            stride = shape[d] > 0 && stride > Long.MAX_VALUE / shape[d] ? Long.MAX_VALUE : stride * shape[d];
        }
        return StridedTensor.of(path, name, type, shape, strides, 0, data.byteSize() / type.bytes(), () -> data);
    }

    private static String find(Path path, String name, String header, Pattern pattern) throws IOException {
        Matcher matcher = pattern.matcher(header);
        if (!matcher.find()) {
            throw new CheckpointException(path, name + " has a header that is damaged, or of records: expected 'descr',"
                    + " 'fortran_order' and 'shape'");
        }
        return matcher.group(1);
    }

    private static DType type(Path path, String name, String descr) throws IOException {
        String code = descr.replaceFirst("^[<|=]", "");
        return Optional.ofNullable(TYPES.get(code)).orElseThrow(() -> new CheckpointException(path,
                name + " is of type " + descr.replaceAll("[^ -~]", "?")
                        + "; little-endian whole and floating-point numbers are read"));
    }

    private static long[] shape(Path path, String name, String text) throws IOException {
        String[] parts = text.isBlank() ? new String[0] : text.split(",");
        long[] shape = new long[parts.length];
        for (int i = 0; i < parts.length; i++) {
            try {
                shape[i] = Long.parseLong(parts[i].strip());
            } catch (NumberFormatException e) {
                throw new CheckpointException(path, name + " has the shape (" + text + ")", e);
            }
        }
        return shape;
    }
}
