package io.moeplan.engine.cpu;

import io.moeplan.engine.gemm.FmaChains;
import io.moeplan.engine.gemm.Part;
import io.moeplan.engine.model.Attention;
import io.moeplan.engine.model.LayerWeights;
import java.util.Arrays;

/**
 * Heads of latent attention that never make keys and values: the projection to keys is applied to queries instead, that to
 * values after the values are mixed (DeepSeek-V2, arXiv 2405.04434, section 2.1.2). All heads then share one key, the latent
 * vector and the rotated part, and one value, the latent vector; that is all there is to keep of a token.
 */
final class AbsorbedHeads implements Heads {
    private final Attention.Latent shape;
    private final LayerWeights.Attention.Latent weights;
    private final LatentHeads heads;
    /** Rows of the projection to keys and values that are one head's. */
    private final int each;

    AbsorbedHeads(Attention.Latent shape, LayerWeights.Attention.Latent weights, LatentHeads heads) {
        this.shape = shape;
        this.weights = weights;
        this.heads = heads;
        this.each = shape.plainDim() + shape.valueDim();
    }

    @Override
    public int keptWidth() {
        return heads.keptWidth();
    }

    @Override
    public int kvHeads() {
        return 1;
    }

    @Override
    public int keyDim() {
        return shape.latentRank() + shape.rotaryDim();
    }

    @Override
    public int valueDim() {
        return shape.latentRank();
    }

    @Override
    public void prepare(float[][] x, int rows, Positions tokens, float[][] kept, Scratch scratch) {
        heads.prepare(x, rows, tokens, kept, scratch);
    }

    @Override
    public void keysValues(Kept kept, Positions tokens, int head, int count, float[][] k, float[][] v,
            Scratch scratch) {
        int source = keptWidth() - keyDim();
        for (int i = 0; i < kept.count(); i++) {
            kept.read(i, source, k[i], keyDim());
            kept.read(i, source, v[i], valueDim());
        }
    }

    @Override
    public void queries(Kept kept, Positions tokens, int head, int count, float[][] q, Scratch scratch) {
        int rows = kept.count();
        int plain = shape.plainDim();
        int rank = shape.latentRank();
        float[][] narrow = scratch.rows(Scratch.Use.GATES, rows, count * shape.keyDim());
        heads.queries(kept, tokens, head, count, narrow, scratch);
        float[][] weight = scratch.rows(Scratch.Use.PANEL, plain, rank);
        float[][] wide = scratch.rows(Scratch.Use.TILE, rows, rank);
        for (int h = 0; h < count; h++) {
            weights.keyValue().weight().readRows((head + h) * each, plain, 0, rank, weight);
            for (int i = 0; i < rows; i++) {
                Arrays.fill(wide[i], 0, rank, 0);
            }
            FmaChains.multiply(narrow, 0, rows, h * shape.keyDim(), weight, 0, plain, wide, 0, rank);
            for (int i = 0; i < rows; i++) {
                System.arraycopy(wide[i], 0, q[i], h * keyDim(), rank);
                System.arraycopy(narrow[i], h * shape.keyDim() + plain, q[i], h * keyDim() + rank, shape.rotaryDim());
            }
        }
    }

    @Override
    public float[][] outputs(Kept kept, float[][] mixed, int head, int count, Scratch scratch) {
        int rows = kept.count();
        float[][] values = scratch.rows(Scratch.Use.QUERY, rows, count * shape.valueDim());
        float[][] one = scratch.rows(Scratch.Use.HEAD, rows, shape.valueDim());
        for (int h = 0; h < count; h++) {
            int from = (head + h) * each + shape.plainDim();
            Projection.apply(weights.keyValue().weight(),
                    Part.rows(weights.keyValue().weight(), from, shape.valueDim()), mixed,
                    h * shape.latentRank(), rows, one, 0, scratch);
            for (int i = 0; i < rows; i++) {
                System.arraycopy(one[i], 0, values[i], h * shape.valueDim(), shape.valueDim());
            }
        }
        return values;
    }

    @Override
    public LayerWeights.Linear output() {
        return heads.output();
    }

    @Override
    public float sink(int head) {
        return heads.sink(head);
    }
}
