package io.moeplan.engine.gemm;

import io.moeplan.tensors.matrix.Matrix;
import java.util.Objects;

/** What every implementation asks of its arguments. */
final class Shapes {
    private Shapes() {}

    static void checkGated(Matrix gate, Matrix up, Rows x, Rows y) {
        if (x.width() != gate.columns() || x.width() != up.columns() || y.width() != gate.rows()
                || y.width() != up.rows() || x.rows() != y.rows()) {
            throw new IllegalArgumentException("[" + x.rows() + ", " + x.width() + "] through gates [" + gate.rows()
                    + ", " + gate.columns() + "] and [" + up.rows() + ", " + up.columns() + "] is not [" + y.rows()
                    + ", " + y.width() + "]");
        }
    }

    static void check(Matrix weight, Part part, Rows x, Rows y) {
        Objects.checkFromIndexSize(part.out(), part.outs(), weight.rows());
        Objects.checkFromIndexSize(part.in(), part.ins(), weight.columns());
        if (x.width() != part.ins() || y.width() != part.outs() || x.rows() != y.rows()) {
            throw new IllegalArgumentException("[" + x.rows() + ", " + x.width() + "] times the transposed ["
                    + part.outs() + ", " + part.ins() + "] is not [" + y.rows() + ", " + y.width() + "]");
        }
        if (y.element() != Element.F32) {
            throw new IllegalArgumentException("results are float32, not " + y.element());
        }
    }
}
