package io.moeplan.tensors.matrix;

import io.moeplan.tensors.CheckpointException;
import io.moeplan.tensors.DType;
import io.moeplan.tensors.NonFinite;
import io.moeplan.tensors.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.UnaryOperator;

/**
 * A matrix of BF16, F16, F32 or F64 values: element {@code [row][column]} is element
 * {@code offset + row * rowStride + column * columnStride} of the tensor.
 */
public record PlainMatrix(Tensor tensor, int rows, int columns, long offset, long rowStride,
        long columnStride) implements Matrix {
    /** Strides up to this are read through, larger ones jumped over. */
    private static final int NEAR = 4;

    public PlainMatrix {
        if (rows < 1 || columns < 1 || offset < 0 || rowStride < 1 || columnStride < 1) {
            throw new IllegalArgumentException("no matrix: [" + rows + ", " + columns + "] of " + tensor);
        }
        Objects.checkIndex(offset + (rows - 1) * rowStride + (columns - 1) * columnStride, tensor.elements());
    }

    /**
     * A tensor {@code [out, in]}.
     *
     * @throws CheckpointException if it has another rank or a type that needs a scale
     */
    public static PlainMatrix of(Tensor tensor) throws CheckpointException {
        requireFloats(tensor);
        int[] shape = Shapes.of(tensor, 2, "[out, in]");
        return new PlainMatrix(tensor, shape[0], shape[1], 0, shape[1], 1);
    }

    /**
     * One expert of a fused tensor {@code [experts, out, in]}. Where a family stores {@code [experts, in, out]}, this is
     * the transposed matrix: call {@link #transposed} on it.
     *
     * @throws CheckpointException if it has another rank, a type that needs a scale, or no such expert
     */
    public static PlainMatrix expert(Tensor tensor, int expert) throws CheckpointException {
        requireFloats(tensor);
        int[] shape = Shapes.of(tensor, 3, "[experts, out, in] or [experts, in, out]");
        Shapes.requireExpert(tensor, expert);
        long size = (long) shape[1] * shape[2];
        return new PlainMatrix(tensor, shape[1], shape[2], expert * size, shape[2], 1);
    }

    private static void requireFloats(Tensor tensor) throws CheckpointException {
        if (!tensor.type().isPlainFloat()) {
            throw new CheckpointException(tensor.file(), "tensor " + tensor.name() + " is " + tensor.type()
                    + "; weights without a scale are BF16, F16, F32 or F64");
        }
    }

    /** The transposed view {@code [columns][rows]}. */
    public PlainMatrix transposed() {
        return new PlainMatrix(tensor, columns, rows, offset, columnStride, rowStride);
    }

    @Override
    public PlainMatrix rows(int from, int count, int step) {
        Shapes.checkRows(from, count, step, rows);
        return new PlainMatrix(tensor, count, columns, offset + from * rowStride, rowStride * step, columnStride);
    }

    @Override
    public PlainMatrix over(UnaryOperator<Tensor> place) {
        return new PlainMatrix(Shapes.same(tensor, place.apply(tensor)), rows, columns, offset, rowStride,
                columnStride);
    }

    @Override
    public List<Tensor> tensors() {
        return List.of(tensor);
    }

    @Override
    public long bytes() {
        return (long) rows * columns * tensor.type().bytes();
    }

    @Override
    public String format() {
        return tensor.type().name();
    }

    @Override
    public void read(int row, int fromColumn, float[] into, int at, int count) {
        Objects.checkIndex(row, rows);
        Objects.checkFromIndexSize(fromColumn, count, columns);
        long from = offset + row * rowStride + fromColumn * columnStride;
        if (columnStride == 1) {
            tensor.read(from, into, at, count);
            return;
        }
        if (columnStride <= NEAR && count > 0) {
            int step = (int) columnStride;
            float[] run = new float[(count - 1) * step + 1];
            tensor.read(from, run, 0, run.length);
            pick(run, step, into, at, count);
            return;
        }
        for (int i = 0; i < count; i++) {
            into[at + i] = tensor.value(from + i * columnStride);
        }
    }

    private static void pick(float[] run, int step, float[] into, int at, int count) {
        for (int i = 0; i < count; i++) {
            into[at + i] = run[i * step];
        }
    }

    @Override
    public void readPanel(int fromRow, int rows, int fromColumn, int columns, float[][] into) {
        if (columnStride <= rowStride) {
            RowMajor.readPanel(this, fromRow, rows, fromColumn, columns, into);
        } else {
            readColumns(fromRow, rows, fromColumn, columns, into);
        }
    }

    @Override
    public void readRows(int fromRow, int rows, int fromColumn, int columns, float[][] into) {
        if (columnStride <= rowStride) {
            RowMajor.readRows(this, fromRow, rows, fromColumn, columns, into);
        } else {
            RowMajor.readPanel(transposed(), /* fromRow= */ fromColumn, /* rows= */ columns,
                    /* fromColumn= */ fromRow, /* columns= */ rows, into);
        }
    }

    /** Stored column by column: every column of the panel is one run of the file. */
    private void readColumns(int fromRow, int rows, int fromColumn, int columns, float[][] into) {
        PlainMatrix stored = transposed();
        Objects.checkFromIndexSize(fromColumn, columns, this.columns);
        for (int c = 0; c < columns; c++) {
            stored.read(fromColumn + c, fromRow, into[c], 0, rows);
        }
    }

    @Override
    public Optional<Bf16View> bf16() {
        if (tensor.type() != DType.BF16) {
            return Optional.empty();
        }
        long span = (rows - 1) * rowStride + (columns - 1) * columnStride + 1;
        return Optional.of(new Bf16View(tensor.data().asSlice(offset * 2, span * 2), rowStride, columnStride));
    }

    @Override
    public Optional<Cell> firstNonFinite() {
        boolean byRow = columnStride <= rowStride;
        int lines = byRow ? rows : columns;
        int length = byRow ? columns : rows;
        long lineStride = byRow ? rowStride : columnStride;
        long stride = byRow ? columnStride : rowStride;
        if (stride == 1 && lineStride == length && !NonFinite.any(tensor, offset, (long) lines * length)) {
            return Optional.empty();
        }
        for (int line = 0; line < lines; line++) {
            long from = offset + line * lineStride;
            if (!NonFinite.any(tensor, from, (length - 1) * stride + 1)) {
                continue;
            }
            for (int i = 0; i < length; i++) {
                if (!Float.isFinite(tensor.value(from + i * stride))) {
                    return Optional.of(byRow ? new Cell(line, i) : new Cell(i, line));
                }
            }
        }
        return Optional.empty();
    }

    @Override
    public String toString() {
        return "[" + rows + ", " + columns + "] of " + tensor + " at " + Arrays.toString(new long[]{offset, rowStride,
            columnStride});
    }
}
