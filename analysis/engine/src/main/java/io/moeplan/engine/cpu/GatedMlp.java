package io.moeplan.engine.cpu;

import io.moeplan.engine.model.FeedForward;
import io.moeplan.engine.model.LayerWeights;

/** {@code down(activation(gate(x), up(x)))}. */
final class GatedMlp {
    private GatedMlp() {}

    /** Sets {@code y[yRow + i][0 .. hidden)} from {@code x[i]} for {@code i < rows}. */
    static void apply(LayerWeights.Mlp mlp, FeedForward.Activation activation, float[][] x, int rows, float[][] y,
            int yRow, Scratch scratch) {
        int width = mlp.gate().weight().rows();
        float[][] gate = scratch.rows(Scratch.Use.GATE, rows, width);
        float[][] up = scratch.rows(Scratch.Use.UP, rows, width);
        Projection.apply(mlp.gate(), x, rows, gate, 0, scratch);
        Projection.apply(mlp.up(), x, rows, up, 0, scratch);
        for (int i = 0; i < rows; i++) {
            Numeric.gate(activation, gate[i], up[i], width);
        }
        Projection.apply(mlp.down(), gate, rows, y, yRow, scratch);
    }
}
