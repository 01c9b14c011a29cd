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
        addBias(mlp.down(), y, 0, y.rows(), scratch);
    }

    /** Adds the projection's bias, if it has one, to {@code count} rows from {@code from} on. */
    static void addBias(LayerWeights.Linear linear, Rows y, int from, int count, Scratch scratch) {
        float[] bias = bias(linear);
        float[] row = scratch.row(Scratch.Use.ROW, y.width());
        for (int i = from; bias != null && i < from + count; i++) {
            Projection.read(y, i, row);
            add(bias, row, y.width());
            Projection.write(row, 0, y, i);
        }
    }

    private static Rows inner(LayerWeights.Mlp mlp, FeedForward.Activation activation, Rows x, Scratch scratch) {
        Gemm gemm = scratch.arithmetic().fast();
        int width = mlp.gate().weight().rows();
        Rows gates = scratch.rows(Scratch.Native.GATE, gemm, Element.F32, x.rows(), width);
        Rows ups = scratch.rows(Scratch.Native.UP, gemm, Element.F32, x.rows(), width);
        gemm.multiply(mlp.gate().weight(), x, gates);
        gemm.multiply(mlp.up().weight(), x, ups);
        // in place of the gates: rounding to half the bytes never overtakes reading
        Rows inner = scratch.rows(Scratch.Native.GATE, gemm, gemm.input(), x.rows(), width);
        activate(mlp, activation, gates, ups, inner, 0, x.rows(), scratch);
        return inner;
    }

    /**
     * {@code inner = activation(gates, ups)} for {@code count} rows from {@code from} on.
     *
     * @param gates {@code [rows][width]}, float32, without their bias; {@code ups} likewise
     * @param inner {@code [rows][width]} of the type that products take
     */
    static void activate(LayerWeights.Mlp mlp, FeedForward.Activation activation, Rows gates, Rows ups, Rows inner,
            int from, int count, Scratch scratch) {
        int width = inner.width();
        float[] gate = scratch.row(Scratch.Use.GATE, width);
        float[] up = scratch.row(Scratch.Use.UP, width);
        float[] gateBias = bias(mlp.gate());
        float[] upBias = bias(mlp.up());
        for (int i = from; i < from + count; i++) {
            Projection.read(gates, i, gate);
            Projection.read(ups, i, up);
            add(gateBias, gate, width);
            add(upBias, up, width);
            Numeric.gate(activation, gate, up, width, scratch.exponentials());
            Projection.write(gate, 0, inner, i);
        }
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
