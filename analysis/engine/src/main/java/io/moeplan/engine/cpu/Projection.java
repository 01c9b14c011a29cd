package io.moeplan.engine.cpu;

import io.moeplan.engine.gemm.Bf16;
import io.moeplan.engine.gemm.Element;
import io.moeplan.engine.gemm.Gemm;
import io.moeplan.engine.gemm.Part;
import io.moeplan.engine.gemm.Rows;
import io.moeplan.engine.model.LayerWeights;
import io.moeplan.engine.model.Vector;
import io.moeplan.tensors.matrix.Matrix;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Optional;

/** {@code y = x * weight^T} in float32 for weights as they lie in the checkpoint, {@code [out, in]}. */
final class Projection {
    /** Rows of {@code x} that make reading the weights cheap beside multiplying with them; more gain nothing. */
    static final int MAX_ROWS = 1024;

    private Projection() {}

    /** The whole matrix, and the bias if there is one: sets {@code y[yRow + i][0 .. out)} for {@code i < rows}. */
    static void apply(LayerWeights.Linear linear, float[][] x, int rows, float[][] y, int yRow, Scratch scratch) {
        Part all = Part.all(linear.weight());
        apply(linear.weight(), all, x, 0, rows, y, yRow, scratch);
        add(linear.bias(), all, rows, y, yRow);
    }

    /** A part of the matrix, and the bias of its outputs if there is one, for rows outside the heap. */
    static void apply(LayerWeights.Linear linear, Part part, Rows x, float[][] y, Scratch scratch) {
        apply(linear.weight(), part, x, y, 0, scratch);
        add(linear.bias(), part, x.rows(), y, 0);
    }

    /** A part of the matrix, for rows outside the heap. */
    static void apply(Matrix weight, Part part, Rows x, float[][] y, int yRow, Scratch scratch) {
        multiply(scratch.arithmetic().exact(), weight, part, x, y, yRow, scratch);
    }

    /**
     * {@code to[from + i] += scale * x[i] * w^T} for {@code i < rows} with columns {@code [column, column + width)} of the
     * matrix; with the first ones the bias is added as well.
     *
     * @param x {@code [rows][width]}
     */
    static void add(LayerWeights.Linear linear, int column, int width, float[][] x, int rows, float scale,
            OffHeapRows to, int from, Scratch scratch) {
        Gemm gemm = scratch.arithmetic().exact();
        Part part = Part.columns(linear.weight(), column, width);
        Rows input = scratch.rows(Scratch.Native.FACTOR, gemm, gemm.input(), rows, width);
        for (int i = 0; i < rows; i++) {
            write(x[i], 0, input, i);
        }
        Optional<Vector> bias = column == 0 ? linear.bias() : Optional.empty();
        boolean plain = scale == 1 && bias.isEmpty();
        if (plain && gemm.multiplyAdding(linear.weight(), part, input, to.written(from, rows))) {
            return;
        }
        float[][] result = scratch.rows(Scratch.Use.OUTPUT, rows, part.outs());
        multiply(gemm, linear.weight(), part, input, result, 0, scratch);
        add(bias, part, rows, result, 0);
        float[] buffer = scratch.row(Scratch.Use.ROW, part.outs());
        for (int i = 0; i < rows; i++) {
            to.add(from + i, scale, result[i], buffer);
        }
    }

    private static void add(Optional<Vector> bias, Part part, int rows, float[][] y, int yRow) {
        if (bias.isPresent()) {
            float[] added = bias.get().toFloats();
            for (int i = 0; i < rows; i++) {
                for (int j = 0; j < part.outs(); j++) {
                    y[yRow + i][j] += added[part.out() + j];
                }
            }
        }
    }

    /**
     * Sets {@code y[yRow + i][0 .. outs)} for {@code i < rows}.
     *
     * @param x   {@code [rows][xAt + ins]}
     * @param xAt column of {@code x} that meets the part's first column
     */
    static void apply(Matrix weight, Part part, float[][] x, int xAt, int rows, float[][] y, int yRow,
            Scratch scratch) {
        Gemm gemm = scratch.arithmetic().exact();
        Rows input = scratch.rows(Scratch.Native.FACTOR, gemm, gemm.input(), rows, part.ins());
        for (int i = 0; i < rows; i++) {
            write(x[i], xAt, input, i);
        }
        multiply(gemm, weight, part, input, y, yRow, scratch);
    }

    private static void multiply(Gemm gemm, Matrix weight, Part part, Rows x, float[][] y, int yRow, Scratch scratch) {
        Rows result = scratch.rows(Scratch.Native.RESULT, gemm, Element.F32, x.rows(), part.outs());
        gemm.multiply(weight, part, x, result);
        for (int i = 0; i < x.rows(); i++) {
            read(result, i, y[yRow + i]);
        }
    }

    /** Sets a row outside the heap to {@code from[at ..)}, rounded if it is of bfloat16. */
    static void write(float[] from, int at, Rows into, int row) {
        if (into.element() == Element.BF16) {
            Bf16.round(from, at, into.width(), into.data(), into.at(row));
        } else {
            MemorySegment.copy(from, at, into.data(), ValueLayout.JAVA_FLOAT_UNALIGNED, into.at(row), into.width());
        }
    }

    /** Sets {@code into[0 .. width)} to a row of float32 outside the heap. */
    static void read(Rows from, int row, float[] into) {
        MemorySegment.copy(from.data(), ValueLayout.JAVA_FLOAT_UNALIGNED, from.at(row), into, 0, from.width());
    }
}
