package io.moeplan.engine.cpu;

import io.moeplan.engine.gemm.Part;
import io.moeplan.engine.gemm.Rows;
import io.moeplan.engine.model.Attention;
import io.moeplan.engine.model.LayerWeights;
import io.moeplan.engine.model.Norm;
import io.moeplan.engine.model.Vector;

/** Heads projected from the input itself, which is what is kept. */
final class GroupedQueryHeads implements Heads {
    private final Attention.GroupedQuery shape;
    private final LayerWeights.Attention.GroupedQuery weights;
    private final int hidden;
    private final double epsilon;
    private final RotaryTable rotary;
    private final float[] queryNorm;
    private final float[] keyNorm;
    private final float[] sinks;

    /** @param rotary null if positions are not encoded */
    GroupedQueryHeads(Attention.GroupedQuery shape, LayerWeights.Attention.GroupedQuery weights, int hidden, Norm norm,
            RotaryTable rotary) {
        this.shape = shape;
        this.weights = weights;
        this.hidden = hidden;
        this.epsilon = norm.epsilon();
        this.rotary = rotary;
        this.queryNorm = weights.queryNorm().map(vector -> Norms.weight(norm, vector)).orElse(null);
        this.keyNorm = weights.keyNorm().map(vector -> Norms.weight(norm, vector)).orElse(null);
        this.sinks = weights.sinks().map(Vector::toFloats).orElse(null);
    }

    @Override
    public int keptWidth() {
        return hidden;
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
        for (int i = 0; i < rows; i++) {
            System.arraycopy(x[i], 0, kept[i], 0, hidden);
        }
    }

    @Override
    public void keysValues(Kept kept, Positions tokens, int head, int heads, float[][] k, float[][] v,
            Scratch scratch) {
        int dim = shape.headDim();
        Rows x = kept.columns(0, hidden);
        Projection.apply(weights.key(), Part.rows(weights.key().weight(), head * dim, heads * dim), x, k, scratch);
        Projection.apply(weights.value(), Part.rows(weights.value().weight(), head * dim, heads * dim), x, v, scratch);
        for (int i = 0; i < kept.count(); i++) {
            turn(k[i], heads, keyNorm, tokens.of(i));
            clip(v[i], heads * dim);
        }
    }

    @Override
    public void queries(Kept kept, Positions tokens, int head, int heads, float[][] q, Scratch scratch) {
        int dim = shape.headDim();
        if (shape.gated()) {
            gatedPart(0, kept, head, heads, q, scratch);
        } else {
            Projection.apply(weights.query(), Part.rows(weights.query().weight(), head * dim, heads * dim),
                    kept.columns(0, hidden), q, scratch);
        }
        for (int i = 0; i < kept.count(); i++) {
            int position = tokens.of(i);
            turn(q[i], heads, queryNorm, position);
            float factor = shape.scale() * shape.temperature().at(position);
            scale(q[i], factor, heads * dim);
        }
    }

    private static void scale(float[] x, float factor, int count) {
        for (int i = 0; i < count; i++) {
            x[i] *= factor;
        }
    }

    /** Of projections that alternate a head's query (part 0) and its gate (part 1), one of the two. */
    private void gatedPart(int part, Kept kept, int head, int heads, float[][] into, Scratch scratch) {
        int dim = shape.headDim();
        float[][] both = scratch.rows(Scratch.Use.GATES, kept.count(), 2 * heads * dim);
        Projection.apply(weights.query(), Part.rows(weights.query().weight(), 2 * head * dim, 2 * heads * dim),
                kept.columns(0, hidden), both, scratch);
        for (int i = 0; i < kept.count(); i++) {
            for (int h = 0; h < heads; h++) {
                System.arraycopy(both[i], (2 * h + part) * dim, into[i], h * dim, dim);
            }
        }
    }

    @Override
    public float[][] outputs(Kept kept, float[][] mixed, int head, int heads, Scratch scratch) {
        if (shape.gated()) {
            int width = heads * shape.headDim();
            int rows = kept.count();
            float[][] gates = scratch.rows(Scratch.Use.QUERY, rows, width);
            gatedPart(1, kept, head, heads, gates, scratch);
            for (int i = 0; i < rows; i++) {
                for (int d = 0; d < width; d++) {
                    mixed[i][d] *= Numeric.sigmoid(gates[i][d]);
                }
            }
        }
        return mixed;
    }

    @Override
    public LayerWeights.Linear output() {
        return weights.output();
    }

    @Override
    public float sink(int head) {
        return sinks == null ? Float.NEGATIVE_INFINITY : sinks[head];
    }

    private void turn(float[] x, int heads, float[] norm, int position) {
        int dim = shape.headDim();
        if (shape.headNorm() == Attention.HeadNorm.WHOLE) {
            Numeric.rmsNorm(x, 0, heads * dim, norm, epsilon, x);
        }
        for (int at = 0; at < heads * dim; at += dim) {
            if (shape.headNorm() == Attention.HeadNorm.PER_HEAD) {
                Numeric.rmsNorm(x, at, dim, norm, epsilon, x);
            }
        }
        clip(x, heads * dim);
        for (int at = 0; at < heads * dim; at += dim) {
            if (rotary != null) {
                rotary.rotate(x, at, position);
            }
            switch (shape.headNorm()) {
                case PER_HEAD_AFTER_ROPE -> Numeric.rmsNorm(x, at, dim, norm, epsilon, x);
                case UNIT_AFTER_ROPE -> Numeric.normalise(x, at, dim, 1.0 / dim, epsilon);
                case NONE, PER_HEAD, WHOLE -> {
                    // Done, if anything, before the rotation.
                }
            }
        }
    }

    private void clip(float[] x, int width) {
        if (shape.clip() < Double.POSITIVE_INFINITY) {
            float limit = (float) shape.clip();
            for (int d = 0; d < width; d++) {
                x[d] = Math.clamp(x[d], -limit, limit);
            }
        }
    }
}
