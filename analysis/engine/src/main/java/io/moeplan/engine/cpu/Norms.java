package io.moeplan.engine.cpu;

import io.moeplan.engine.model.LayerWeights;
import io.moeplan.engine.model.Norm;
import io.moeplan.engine.model.Vector;

/** A norm with its weights decoded. */
final class Norms {
    private final Norm shape;
    private final float[] weight;
    private final float[] bias;

    private Norms(Norm shape, float[] weight, float[] bias) {
        this.shape = shape;
        this.weight = weight;
        this.bias = bias;
    }

    static Norms of(Norm shape, LayerWeights.NormWeights weights) {
        return new Norms(shape, weight(shape, weights.weight()),
                weights.bias().map(Vector::toFloats).orElse(null));
    }

    /** The weight that is multiplied with, whichever way it is stored. */
    static float[] weight(Norm shape, Vector stored) {
        float[] weight = stored.toFloats();
        if (shape.onePlus()) {
            for (int i = 0; i < weight.length; i++) {
                weight[i] += 1;
            }
        }
        return weight;
    }

    /** Norms {@code x[0 .. width)} in place. */
    void apply(float[] x) {
        switch (shape.kind()) {
            case RMS -> Numeric.rmsNorm(x, 0, weight.length, weight, shape.epsilon(), x);
            case LAYER -> Numeric.layerNorm(x, weight, bias, shape.epsilon());
        }
    }
}
