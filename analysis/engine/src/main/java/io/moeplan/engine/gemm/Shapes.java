package io.moeplan.engine.gemm;

import io.moeplan.tensors.matrix.Matrix;

/** What every implementation asks of its arguments. */
final class Shapes {
    private Shapes() {}

    static void check(Matrix weight, Rows x, Rows y) {
        if (x.width() != weight.columns() || y.width() != weight.rows() || x.rows() != y.rows()) {
            throw new IllegalArgumentException("[" + x.rows() + ", " + x.width() + "] times the transposed ["
                    + weight.rows() + ", " + weight.columns() + "] is not [" + y.rows() + ", " + y.width() + "]");
        }
        if (y.element() != Element.F32) {
            throw new IllegalArgumentException("results are float32, not " + y.element());
        }
    }
}
