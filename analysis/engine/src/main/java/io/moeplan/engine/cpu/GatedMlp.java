package io.moeplan.engine.cpu;

import io.moeplan.engine.gemm.Element;
import io.moeplan.engine.gemm.Gemm;
import io.moeplan.engine.gemm.Rows;
import io.moeplan.engine.model.FeedForward;
import io.moeplan.engine.model.LayerWeights;
import io.moeplan.engine.model.Vector;

/** {@code down(activation(gate(x), up(x)))}. */
final class GatedMlp {
    private GatedMlp() {}

    /**
     * Sets {@code y}.
     *
     * @param x {@code [rows][hidden]}
     * @param y {@code [rows][hidden]}, float32
     */
    static void apply(LayerWeights.Mlp mlp, FeedForward.Activation activation, Rows x, Rows y, Scratch scratch) {
        Gemm gemm = scratch.arithmetic().fast();
        int width = mlp.gate().weight().rows();
        boolean plain = activation.equals(FeedForward.Activation.SILU) && mlp.gate().bias().isEmpty()
                && mlp.up().bias().isEmpty();
        Rows inner = scratch.rows(Scratch.Native.GATE, gemm, gemm.input(), x.rows(), width);
        if (!plain || !gemm.multiplyGated(mlp.gate().weight(), mlp.up().weight(), x, inner)) {
            inner = inner(mlp, activation, x, scratch);
        }
        gemm.multiply(mlp.down().weight(), inner, y);
        float[] downBias = bias(mlp.down());
        if (downBias != null) {
            float[] row = scratch.row(Scratch.Use.ROW, y.width());
            for (int i = 0; i < y.rows(); i++) {
                Projection.read(y, i, row);
                add(downBias, row, y.width());
                Projection.write(row, 0, y, i);
            }
        }
    }

    private static Rows inner(LayerWeights.Mlp mlp, FeedForward.Activation activation, Rows x, Scratch scratch) {
        Gemm gemm = scratch.arithmetic().fast();
        int width = mlp.gate().weight().rows();
        Rows gates = scratch.rows(Scratch.Native.GATE, gemm, Element.F32, x.rows(), width);
        Rows ups = scratch.rows(Scratch.Native.UP, gemm, Element.F32, x.rows(), width);
        gemm.multiply(mlp.gate().weight(), x, gates);
        gemm.multiply(mlp.up().weight(), x, ups);
        float[] gate = scratch.row(Scratch.Use.GATE, width);
        float[] up = scratch.row(Scratch.Use.UP, width);
        float[] gateBias = bias(mlp.gate());
        float[] upBias = bias(mlp.up());
        // in place of the gates: rounding to half the bytes never overtakes reading
        Rows inner = scratch.rows(Scratch.Native.GATE, gemm, gemm.input(), x.rows(), width);
        for (int i = 0; i < x.rows(); i++) {
            Projection.read(gates, i, gate);
            Projection.read(ups, i, up);
            add(gateBias, gate, width);
            add(upBias, up, width);
            Numeric.gate(activation, gate, up, width, scratch.exponentials());
            Projection.write(gate, 0, inner, i);
        }
        return inner;
    }

    /** A projection's bias, null if it has none. */
    private static float[] bias(LayerWeights.Linear linear) {
        return linear.bias().map(Vector::toFloats).orElse(null);
    }

    /** Adds a bias, if there is one. */
    private static void add(float[] bias, float[] x, int width) {
        for (int j = 0; bias != null && j < width; j++) {
            x[j] += bias[j];
        }
    }
}
