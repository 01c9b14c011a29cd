package io.moeplan.engine.cpu;

import io.moeplan.engine.gemm.Part;
import io.moeplan.engine.model.Attention;
import io.moeplan.engine.model.LayerWeights;
import io.moeplan.engine.model.Vector;

/**
 * Heads of latent attention. Kept is what queries are projected from, then the normed vector that keys and values are
 * projected from, then the rotated part of the keys that all heads share.
 */
final class LatentHeads implements Heads {
    /** DeepSeek's models do not configure it. */
    private static final double EPSILON = 1e-6;

    private final Attention.Latent shape;
    private final LayerWeights.Attention.Latent weights;
    private final int querySource;
    private final RotaryTable rotary;
    private final float[] queryNorm;
    private final float[] keyNorm;

    LatentHeads(Attention.Latent shape, LayerWeights.Attention.Latent weights, int hidden, RotaryTable rotary) {
        this.shape = shape;
        this.weights = weights;
        this.querySource = shape.queryRank() > 0 ? shape.queryRank() : hidden;
        this.rotary = rotary;
        this.queryNorm = weights.queryNorm().map(Vector::toFloats).orElse(null);
        this.keyNorm = weights.keyNorm().toFloats();
    }

    static int keptWidth(Attention.Latent shape, int hidden) {
        return (shape.queryRank() > 0 ? shape.queryRank() : hidden) + shape.latentRank() + shape.rotaryDim();
    }

    @Override
    public int keptWidth() {
        return querySource + shape.latentRank() + shape.rotaryDim();
    }

    @Override
    public int kvHeads() {
        return shape.kvHeads();
    }

    @Override
    public int keyDim() {
        return shape.keyDim();
    }

    @Override
    public int valueDim() {
        return shape.valueDim();
    }

    @Override
    public void prepare(float[][] x, int rows, Positions tokens, float[][] kept, Scratch scratch) {
        if (weights.queryDown().isPresent()) {
            Projection.apply(weights.queryDown().get(), x, rows, kept, 0, scratch);
        }
        int width = shape.latentRank() + shape.rotaryDim();
        float[][] latent = scratch.rows(Scratch.Use.KEY, rows, width);
        Projection.apply(weights.keyDown(), x, rows, latent, 0, scratch);
        for (int i = 0; i < rows; i++) {
            if (queryNorm == null) {
                System.arraycopy(x[i], 0, kept[i], 0, querySource);
            } else {
                Numeric.rmsNorm(kept[i], 0, querySource, queryNorm, EPSILON, kept[i]);
            }
            Numeric.rmsNorm(latent[i], 0, shape.latentRank(), keyNorm, EPSILON, latent[i]);
            rotary.rotate(latent[i], shape.latentRank(), tokens.of(i));
            System.arraycopy(latent[i], 0, kept[i], querySource, width);
        }
    }

    @Override
    public void keysValues(Kept kept, Positions tokens, int head, int heads, float[][] k, float[][] v,
            Scratch scratch) {
        int plain = shape.plainDim();
        int each = plain + shape.valueDim();
        float[][] both = scratch.rows(Scratch.Use.GATES, kept.count(), heads * each);
        Projection.apply(weights.keyValue(), Part.rows(weights.keyValue().weight(), head * each, heads * each),
                kept.columns(querySource, shape.latentRank()), both, scratch);
        float[] shared = scratch.row(Scratch.Use.ROW, shape.rotaryDim());
        for (int i = 0; i < kept.count(); i++) {
            kept.read(i, querySource + shape.latentRank(), shared, shape.rotaryDim());
            for (int h = 0; h < heads; h++) {
                System.arraycopy(both[i], h * each, k[i], h * shape.keyDim(), plain);
                System.arraycopy(shared, 0, k[i], h * shape.keyDim() + plain, shape.rotaryDim());
                System.arraycopy(both[i], h * each + plain, v[i], h * shape.valueDim(), shape.valueDim());
            }
        }
    }

    @Override
    public void queries(Kept kept, Positions tokens, int head, int heads, float[][] q, Scratch scratch) {
        int dim = shape.keyDim();
        Projection.apply(weights.query(), Part.rows(weights.query().weight(), head * dim, heads * dim),
                kept.columns(0, querySource), q, scratch);
        for (int i = 0; i < kept.count(); i++) {
            for (int h = 0; h < heads; h++) {
                rotary.rotate(q[i], h * dim + shape.plainDim(), tokens.of(i));
            }
            for (int d = 0; d < heads * dim; d++) {
                q[i][d] *= shape.scale();
            }
        }
    }

    @Override
    public float[][] outputs(Kept kept, float[][] mixed, int head, int heads, Scratch scratch) {
        return mixed;
    }

    @Override
    public LayerWeights.Linear output() {
        return weights.output();
    }

    @Override
    public float sink(int head) {
        return Float.NEGATIVE_INFINITY;
    }
}
