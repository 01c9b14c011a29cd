package io.moeplan.tensors.matrix;

import io.moeplan.tensors.CheckpointException;
import io.moeplan.tensors.Tensor;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;

/**
 * A weight matrix {@code [rows][columns]} = {@code [out][in]} of a projection {@code y = x * W^T}, whatever the format and
 * the order it is stored in. A matrix is a view: it lives as long as its tensors, and making one reads no weights.
 */
public sealed interface Matrix permits PlainMatrix, Fp8Matrix, Mxfp4Matrix {
    /** Output features. */
    int rows();

    /** Input features. */
    int columns();

    /** The tensors it is stored in (the whole ones, if it is a slice of them): the weights, then their scales. */
    List<Tensor> tensors();

    /** Bytes that this matrix itself takes in the checkpoint, its scales included. */
    long bytes();

    /**
     * Decodes part of a row: {@code into[at + i] = this[row][fromColumn + i]} for {@code i < count}. Slow for matrices that
     * are stored transposed: use {@link #readPanel} or {@link #readRows}.
     *
     * @throws IndexOutOfBoundsException if the range is outside the matrix or the array
     */
    void read(int row, int fromColumn, float[] into, int at, int count);

    /**
     * Decodes a panel, transposed, as a GEMM wants it: {@code into[c][r] = this[fromRow + r][fromColumn + c]} for
     * {@code r < rows}, {@code c < columns}. Goes through the stored bytes in their own order.
     *
     * @throws IndexOutOfBoundsException if the panel is outside the matrix or the arrays
     */
    void readPanel(int fromRow, int rows, int fromColumn, int columns, float[][] into);

    /**
     * Decodes a panel in its own orientation: {@code into[r][c] = this[fromRow + r][fromColumn + c]}. Goes through the
     * stored bytes in their own order.
     *
     * @throws IndexOutOfBoundsException if the panel is outside the matrix or the arrays
     */
    void readRows(int fromRow, int rows, int fromColumn, int columns, float[][] into);

    /**
     * Every {@code step}th row from {@code from} on, {@code count} of them: one half of fused projections, which lie one
     * after the other (step 1) or interleaved (step 2).
     *
     * @throws IndexOutOfBoundsException if these rows are not all there
     */
    Matrix rows(int from, int count, int step);

    /**
     * The same matrix in other memory.
     *
     * @param place gives for each of {@link #tensors} the tensor of the same type and shape to read from instead
     */
    Matrix over(UnaryOperator<Tensor> place);

    /** The stored bfloat16 values, if that is what it is stored in. */
    default Optional<Bf16View> bf16() {
        return Optional.empty();
    }

    /**
     * The first place, in the order of the stored bytes, whose value is infinite or NaN. Looks at the stored bits, several
     * weights at a time.
     */
    Optional<Cell> firstNonFinite();

    /** How it is stored, for messages: {@code "BF16"}, {@code "F8_E4M3 with [128, 128] blocks"}, {@code "MXFP4"}. */
    String format();

    /** The name of the tensor with the weights. */
    default String name() {
        return tensors().getFirst().name();
    }

    /** The file with the weights. */
    default Path file() {
        return tensors().getFirst().file();
    }

    /**
     * Does nothing if all weights are finite.
     *
     * @throws CheckpointException if one is not, saying which
     */
    default void requireFinite() throws CheckpointException {
        Optional<Cell> cell = firstNonFinite();
        if (cell.isPresent()) {
            float[] value = new float[1];
            read(cell.get().row(), cell.get().column(), value, 0, 1);
            throw new CheckpointException(file(), "tensor " + name() + " holds " + value[0] + " (output "
                    + cell.get().row() + ", input " + cell.get().column()
                    + " of a weight matrix): the checkpoint is damaged");
        }
    }
}
