package io.moeplan.tensors.matrix;

import io.moeplan.tensors.CheckpointException;
import io.moeplan.tensors.DType;
import io.moeplan.tensors.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.UnaryOperator;

/**
 * A matrix of MXFP4 values (OCP Microscaling Formats Specification 1.0, as gpt-oss stores it): groups of 32 E2M1 values
 * with one E8M0 scale, {@code 2^(byte - 127)}, NaN for 255; of the two values in a byte the low four bits come first.
 *
 * @param blocks    U8 {@code [..., out, groups, 16]}
 * @param scales    U8 or F8_E8M0 {@code [..., out, groups]}
 * @param storedRow the row of {@code scales}, all leading dimensions taken as one, where this matrix begins
 * @param rowStep   the distance from a row to the next one, in stored rows
 */
public record Mxfp4Matrix(Tensor blocks, Tensor scales, int rows, int columns, long storedRow,
        int rowStep) implements Matrix {
    private static final int GROUP = 32;
    private static final int GROUP_BYTES = 16;
    /** The values of E2M1: sign, two bits of exponent with bias 1, one bit of mantissa. */
    private static final float[] E2M1 = {0, 0.5f, 1, 1.5f, 2, 3, 4, 6, -0f, -0.5f, -1, -1.5f, -2, -3, -4, -6};
    private static final float[] SCALES = new float[256];
    private static final int LARGEST_SAFE_SCALE = 251;
    /** Values decoded from one copy of their bytes to the heap. */
    private static final int CHUNK = 32 * GROUP;
    private static final ThreadLocal<byte[]> BYTES = ThreadLocal.withInitial(() -> new byte[CHUNK / 2]);

    static {
        for (int code = 0; code < 255; code++) {
            SCALES[code] = (float) Math.scalb(1.0, code - 127);
        }
        SCALES[255] = Float.NaN;
    }

    public Mxfp4Matrix {
        if (rows < 1 || columns < GROUP || columns % GROUP != 0 || storedRow < 0 || rowStep < 1) {
            throw new IllegalArgumentException("no matrix: [" + rows + ", " + columns + "] of " + blocks);
        }
        long groups = (storedRow + (rows - 1L) * rowStep + 1) * (columns / GROUP);
        Objects.checkIndex(groups - 1, scales.elements());
        Objects.checkIndex(groups * GROUP_BYTES - 1, blocks.elements());
    }

    /**
     * Blocks {@code [out, groups, 16]} with scales {@code [out, groups]}.
     *
     * @throws CheckpointException if types or shapes are others
     */
    public static Mxfp4Matrix of(Tensor blocks, Tensor scales) throws CheckpointException {
        int[] shape = Shapes.of(blocks, 3, "[out, groups, 16]");
        requireFormat(blocks, scales);
        return new Mxfp4Matrix(blocks, scales, shape[0], columns(blocks, shape[1]), 0, 1);
    }

    /**
     * One expert of blocks {@code [experts, out, groups, 16]} with scales {@code [experts, out, groups]}.
     *
     * @throws CheckpointException if types or shapes are others, or there is no such expert
     */
    public static Mxfp4Matrix expert(Tensor blocks, Tensor scales, int expert) throws CheckpointException {
        int[] shape = Shapes.of(blocks, 4, "[experts, out, groups, 16]");
        requireFormat(blocks, scales);
        Shapes.requireExpert(blocks, expert);
        return new Mxfp4Matrix(blocks, scales, shape[1], columns(blocks, shape[2]), (long) expert * shape[1], 1);
    }

    private static int columns(Tensor blocks, int groups) throws CheckpointException {
        if (groups > Integer.MAX_VALUE / GROUP) {
            throw new CheckpointException(blocks.file(), "tensor " + blocks.name() + " has impossible rows of " + groups
                    + " groups");
        }
        return groups * GROUP;
    }

    private static void requireFormat(Tensor blocks, Tensor scales) throws CheckpointException {
        long[] shape = blocks.shape();
        if (blocks.type() != DType.U8 || shape[shape.length - 1] != GROUP_BYTES) {
            throw new CheckpointException(blocks.file(), "tensor " + blocks.name() + " is " + blocks.type()
                    + Arrays.toString(shape) + "; mxfp4 blocks are U8 and 16 bytes each");
        }
        long[] expected = Arrays.copyOf(shape, shape.length - 1);
        if ((scales.type() != DType.U8 && scales.type() != DType.F8_E8M0) || !scales.hasShape(expected)) {
            throw new CheckpointException(scales.file(), "tensor " + scales.name() + " is " + scales.type()
                    + Arrays.toString(scales.shape()) + "; for " + blocks.name() + " " + Arrays.toString(shape)
                    + " it has to be U8" + Arrays.toString(expected));
        }
    }

    @Override
    public Mxfp4Matrix rows(int from, int count, int step) {
        Shapes.checkRows(from, count, step, rows);
        return new Mxfp4Matrix(blocks, scales, count, columns, stored(from), rowStep * step);
    }

    @Override
    public Mxfp4Matrix over(UnaryOperator<Tensor> place) {
        return new Mxfp4Matrix(Shapes.same(blocks, place.apply(blocks)), Shapes.same(scales, place.apply(scales)),
                rows, columns, storedRow, rowStep);
    }

    @Override
    public List<Tensor> tensors() {
        return List.of(blocks, scales);
    }

    @Override
    public long bytes() {
        return (long) rows * (columns / GROUP) * (GROUP_BYTES + 1);
    }

    @Override
    public String format() {
        return "MXFP4";
    }

    private long stored(int row) {
        return storedRow + (long) row * rowStep;
    }

    private int scaleCode(long group) {
        return scales.data().get(ValueLayout.JAVA_BYTE, group) & 0xff;
    }

    @Override
    public void read(int row, int fromColumn, float[] into, int at, int count) {
        Objects.checkIndex(row, rows);
        Objects.checkFromIndexSize(fromColumn, count, columns);
        Objects.checkFromIndexSize(at, count, into.length);
        long firstGroup = stored(row) * (columns / GROUP);
        byte[] bytes = BYTES.get();
        int done = 0;
        while (done < count) {
            int column = fromColumn + done;
            int some = Math.min(count - done, CHUNK - column % GROUP);
            long group = firstGroup + column / GROUP;
            int groups = (column % GROUP + some + GROUP - 1) / GROUP;
            MemorySegment.copy(blocks.data(), ValueLayout.JAVA_BYTE, group * GROUP_BYTES, bytes, 0,
                    groups * GROUP_BYTES);
            decode(bytes, group, column % GROUP, some, into, at + done);
            done += some;
        }
    }

    /** Decodes values {@code [first, first + count)} of the groups from {@code group} on, whose bytes these are. */
    private void decode(byte[] bytes, long group, int first, int count, float[] into, int at) {
        int end = first + count;
        for (int from = first; from < end;) {
            int inGroup = from / GROUP;
            int to = Math.min(end, (inGroup + 1) * GROUP);
            float scale = SCALES[scaleCode(group + inGroup)];
            if (to - from == GROUP) {
                decodeGroup(bytes, inGroup * GROUP_BYTES, scale, into, at + from - first);
            } else {
                decodePart(bytes, from, to, scale, into, at + from - first);
            }
            from = to;
        }
    }

    private static void decodeGroup(byte[] bytes, int from, float scale, float[] into, int at) {
        for (int i = 0; i < GROUP_BYTES; i++) {
            int pair = bytes[from + i];
            into[at + 2 * i] = E2M1[pair & 15] * scale;
            into[at + 2 * i + 1] = E2M1[pair >> 4 & 15] * scale;
        }
    }

    private static void decodePart(byte[] bytes, int from, int to, float scale, float[] into, int at) {
        for (int i = from; i < to; i++) {
            into[at + i - from] = E2M1[bytes[i / 2] >> (i % 2 * 4) & 15] * scale;
        }
    }

    @Override
    public void readPanel(int fromRow, int rows, int fromColumn, int columns, float[][] into) {
        RowMajor.readPanel(this, fromRow, rows, fromColumn, columns, into);
    }

    @Override
    public void readRows(int fromRow, int rows, int fromColumn, int columns, float[][] into) {
        RowMajor.readRows(this, fromRow, rows, fromColumn, columns, into);
    }

    /** E2M1 has neither infinities nor NaN: only a scale can make them, NaN itself or too large for a float32. */
    @Override
    public Optional<Cell> firstNonFinite() {
        float[] values = new float[GROUP];
        int groups = columns / GROUP;
        for (int row = 0; row < rows; row++) {
            for (int group = 0; group < groups; group++) {
                if (scaleCode(stored(row) * groups + group) <= LARGEST_SAFE_SCALE) {
                    continue;
                }
                read(row, group * GROUP, values, 0, GROUP);
                for (int i = 0; i < GROUP; i++) {
                    if (!Float.isFinite(values[i])) {
                        return Optional.of(new Cell(row, group * GROUP + i));
                    }
                }
            }
        }
        return Optional.empty();
    }
}
