package io.moeplan.engine.gemm;

import io.moeplan.tensors.matrix.Matrix;

/** Part of a weight matrix: rows (outputs) {@code [out, out + outs)}, columns (inputs) {@code [in, in + ins)}. */
public record Part(int out, int outs, int in, int ins) {
    /** The whole matrix. */
    public static Part all(Matrix weight) {
        return new Part(0, weight.rows(), 0, weight.columns());
    }

    /** {@code count} outputs from {@code from} on, of all inputs. */
    public static Part rows(Matrix weight, int from, int count) {
        return new Part(from, count, 0, weight.columns());
    }

    /** {@code count} inputs from {@code from} on, for all outputs. */
    public static Part columns(Matrix weight, int from, int count) {
        return new Part(0, weight.rows(), from, count);
    }
}
