package io.moeplan.engine.cpu;

import io.moeplan.engine.backend.Routing;
import io.moeplan.engine.backend.Work;
import io.moeplan.engine.model.Architecture;
import io.moeplan.engine.model.Cost;
import io.moeplan.engine.model.FeedForward;
import io.moeplan.engine.model.LayerWeights;
import io.moeplan.engine.model.Vector;
import java.util.concurrent.atomic.AtomicInteger;

/** The router of one layer over a wave: norms the input of the feed-forward block and chooses experts for it. */
final class RouterLayer {
    private final Architecture architecture;
    private final FeedForward.Sparse shape;
    private final LayerWeights.FeedForward.Sparse weights;
    private final Norms norm;
    private final OffHeapRows residual;
    private final OffHeapRows normed;
    private final int tokens;
    /** What is added to scores where experts are chosen by them, or null. */
    private final float[] correction;

    /** @param normed room for the normed input, {@code [tokens][hidden]} */
    RouterLayer(Architecture architecture, FeedForward.Sparse shape, LayerWeights.FeedForward.Sparse weights,
            Norms norm, OffHeapRows residual, OffHeapRows normed, int tokens) {
        this.architecture = architecture;
        this.shape = shape;
        this.weights = weights;
        this.norm = norm;
        this.residual = residual;
        this.normed = normed;
        this.tokens = tokens;
        this.correction = weights.correction().map(Vector::toFloats).orElse(null);
    }

    /**
     * Chooses for all tokens.
     *
     * @param routing what is chosen
     * @return the first token whose logits are not finite, or -1
     */
    int run(Routing routing, Workers workers, Work work) {
        AtomicInteger bad = new AtomicInteger(Integer.MAX_VALUE);
        Tiles tiles = workers.tiles(0, tokens);
        workers.run(tiles.costs(Cost.route(architecture, shape)), work, (tile, scratch) -> bad.accumulateAndGet(
                choose(tiles.start(tile), tiles.rows(tile), routing, scratch), Math::min));
        return bad.get() == Integer.MAX_VALUE ? -1 : bad.get();
    }

    /** The first token whose logits are not finite, or the largest number. */
    private int choose(int from, int rows, Routing routing, Scratch scratch) {
        float[][] x = normedInput(from, rows, scratch);
        float[][] logits = scratch.rows(Scratch.Use.LOGITS, rows, shape.router().experts());
        Projection.apply(weights.router(), x, rows, logits, 0, scratch);
        int bad = Integer.MAX_VALUE;
        TopK topK = new TopK(shape.router(), correction);
        for (int i = 0; i < rows; i++) {
            normed.write(from + i, x[i], architecture.hidden());
            int at = (from + i) * routing.topK();
            if (!topK.choose(logits[i], routing.experts(), routing.weights(), at)) {
                bad = Math.min(bad, from + i);
            }
        }
        return bad;
    }

    private float[][] normedInput(int from, int rows, Scratch scratch) {
        float[][] x = scratch.rows(Scratch.Use.INPUT, rows, architecture.hidden());
        for (int i = 0; i < rows; i++) {
            residual.read(from + i, x[i]);
            norm.apply(x[i]);
        }
        return x;
    }
}
