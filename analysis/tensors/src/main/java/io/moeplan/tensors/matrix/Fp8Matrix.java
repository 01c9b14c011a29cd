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
 * A matrix of F8_E4M3 or F8_E5M2 values with a scale for every block of {@code blockRows x blockColumns} of them, the last
 * ones cut off by the matrix: {@code this[r][c] = weight[s][c] * scale[s / blockRows][c / blockColumns]} in float32, where
 * {@code s = firstRow + r * rowStep} is the stored row. DeepSeek-V3 calls such scales {@code weight_scale_inv} and
 * multiplies with them nonetheless. A scale for each row, or a single one, is a block of that shape.
 *
 * @param weight       {@code [out, in]} or {@code [experts, out, in]}
 * @param scale        {@code [ceil(out / blockRows), ceil(in / blockColumns)]}, or that for every expert
 * @param weightOffset the element of {@code weight} that is {@code [0][0]} of the stored matrix
 * @param scaleOffset  the element of {@code scale} that is its first scale
 */
public record Fp8Matrix(Tensor weight, Tensor scale, int blockRows, int blockColumns, long weightOffset,
        long scaleOffset, int rows, int columns, int firstRow, int rowStep) implements Matrix {

    public Fp8Matrix {
        if (rows < 1 || columns < 1 || blockRows < 1 || blockColumns < 1 || firstRow < 0 || rowStep < 1
                || weightOffset < 0 || scaleOffset < 0) {
            throw new IllegalArgumentException("no matrix: [" + rows + ", " + columns + "] of " + weight);
        }
        long lastRow = firstRow + (rows - 1L) * rowStep;
        Objects.checkIndex(weightOffset + lastRow * columns + columns - 1, weight.elements());
        long scalesARow = ceil(columns, blockColumns);
        Objects.checkIndex(scaleOffset + (lastRow / blockRows) * scalesARow + scalesARow - 1, scale.elements());
    }

    /**
     * A weight {@code [out, in]} with a scale for each block.
     *
     * @param scale {@code [ceil(out / blockRows), ceil(in / blockColumns)]} of a float type
     * @throws CheckpointException if types or shapes are others
     */
    public static Fp8Matrix of(Tensor weight, Tensor scale, int blockRows, int blockColumns)
            throws CheckpointException {
        requireTypes(weight, scale);
        int[] shape = Shapes.of(weight, 2, "[out, in]");
        requireShape(weight, scale, ceil(shape[0], blockRows), ceil(shape[1], blockColumns));
        return new Fp8Matrix(weight, scale, blockRows, blockColumns, 0, 0, shape[0], shape[1], 0, 1);
    }

    /**
     * A weight {@code [out, in]} with one scale (shape {@code []} or {@code [1]}), or one for each row ({@code [out]} or
     * {@code [out, 1]}).
     *
     * @throws CheckpointException if types or shapes are others
     */
    public static Fp8Matrix of(Tensor weight, Tensor scale) throws CheckpointException {
        requireTypes(weight, scale);
        int[] shape = Shapes.of(weight, 2, "[out, in]");
        boolean single = scale.elements() == 1;
        if (!single && !scale.hasShape(shape[0]) && !scale.hasShape(shape[0], 1)) {
            throw wrongShape(weight, scale, "one value or one for each of " + shape[0]
                    + " rows (block scales need the quantization_config.weight_block_size of config.json)");
        }
        return new Fp8Matrix(weight, scale, single ? shape[0] : 1, shape[1], 0, 0, shape[0], shape[1], 0, 1);
    }

    /**
     * One expert of a fused weight {@code [experts, out, in]} with a scale for each block.
     *
     * @param scale {@code [experts, ceil(out / blockRows), ceil(in / blockColumns)]} of a float type
     * @throws CheckpointException if types or shapes are others, or there is no such expert
     */
    public static Fp8Matrix expert(Tensor weight, Tensor scale, int blockRows, int blockColumns, int expert)
            throws CheckpointException {
        requireTypes(weight, scale);
        int[] shape = Shapes.of(weight, 3, "[experts, out, in]");
        Shapes.requireExpert(weight, expert);
        int scaleRows = ceil(shape[1], blockRows);
        int scaleColumns = ceil(shape[2], blockColumns);
        requireShape(weight, scale, shape[0], scaleRows, scaleColumns);
        return new Fp8Matrix(weight, scale, blockRows, blockColumns, (long) expert * shape[1] * shape[2],
                (long) expert * scaleRows * scaleColumns, shape[1], shape[2], 0, 1);
    }

    private static void requireTypes(Tensor weight, Tensor scale) throws CheckpointException {
        if (weight.type() != DType.F8_E4M3 && weight.type() != DType.F8_E5M2) {
            throw new CheckpointException(weight.file(), "tensor " + weight.name() + " is " + weight.type()
                    + "; weights that " + scale.name() + " scales are F8_E4M3 or F8_E5M2");
        }
        if (!scale.type().isPlainFloat() && scale.type() != DType.F8_E8M0) {
            throw new CheckpointException(scale.file(), "tensor " + scale.name() + " is " + scale.type()
                    + "; scales are F32, BF16, F16, F64 or F8_E8M0");
        }
    }

    private static void requireShape(Tensor weight, Tensor scale, long... expected) throws CheckpointException {
        if (!scale.hasShape(expected)) {
            throw wrongShape(weight, scale, Arrays.toString(expected));
        }
    }

    private static CheckpointException wrongShape(Tensor weight, Tensor scale, String expected) {
        return new CheckpointException(scale.file(), "tensor " + scale.name() + " has shape "
                + Arrays.toString(scale.shape()) + "; for " + weight.name() + " " + Arrays.toString(weight.shape())
                + " it has to be " + expected);
    }

    private static int ceil(int n, int block) {
        return (int) ((n + (long) block - 1) / block);
    }

    @Override
    public Fp8Matrix rows(int from, int count, int step) {
        Shapes.checkRows(from, count, step, rows);
        return new Fp8Matrix(weight, scale, blockRows, blockColumns, weightOffset, scaleOffset, count, columns,
                firstRow + from * rowStep, rowStep * step);
    }

    @Override
    public Fp8Matrix over(UnaryOperator<Tensor> place) {
        return new Fp8Matrix(Shapes.same(weight, place.apply(weight)), Shapes.same(scale, place.apply(scale)),
                blockRows, blockColumns, weightOffset, scaleOffset, rows, columns, firstRow, rowStep);
    }

    @Override
    public List<Tensor> tensors() {
        return List.of(weight, scale);
    }

    @Override
    public long bytes() {
        long scales = (long) ceil(rows, blockRows) * ceil(columns, blockColumns);
        return (long) rows * columns + scales * scale.type().bytes();
    }

    @Override
    public String format() {
        return weight.type() + " with [" + blockRows + ", " + blockColumns + "] blocks";
    }

    /** The stored row of a row of this view. */
    private long stored(int row) {
        return firstRow + (long) row * rowStep;
    }

    private float scale(int row, int column) {
        return scale.value(scaleOffset + stored(row) / blockRows * ceil(columns, blockColumns)
                + column / blockColumns);
    }

    @Override
    public void read(int row, int fromColumn, float[] into, int at, int count) {
        Objects.checkIndex(row, rows);
        Objects.checkFromIndexSize(fromColumn, count, columns);
        long line = weightOffset + stored(row) * columns;
        int done = 0;
        while (done < count) {
            int column = fromColumn + done;
            int inBlock = Math.min(count - done, blockColumns - column % blockColumns);
            weight.readScaled(line + column, into, at + done, inBlock, scale(row, column));
            done += inBlock;
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

    @Override
    public Optional<Cell> firstNonFinite() {
        float[] values = new float[columns];
        for (int row = 0; row < rows; row++) {
            if (!suspectScale(row) && !NonFinite.any(weight, weightOffset + stored(row) * columns, columns)) {
                continue;
            }
            read(row, 0, values, 0, columns);
            for (int column = 0; column < columns; column++) {
                if (!Float.isFinite(values[column])) {
                    return Optional.of(new Cell(row, column));
                }
            }
        }
        return Optional.empty();
    }

    /** Whether a scale of this row is not finite itself, or so large that it might make a finite weight infinite. */
    private boolean suspectScale(int row) {
        for (int column = 0; column < columns; column += blockColumns) {
            if (!(Math.abs(scale(row, column)) <= Float.MAX_VALUE / 65536)) {
                return true;
            }
        }
        return false;
    }
}
