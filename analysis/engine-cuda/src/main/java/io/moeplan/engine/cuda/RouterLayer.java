package io.moeplan.engine.cuda;

import io.moeplan.engine.cuda.driver.NumberType;
import io.moeplan.engine.cuda.kernels.ExpertChoice;
import io.moeplan.engine.cuda.kernels.FastKernels;
import io.moeplan.engine.cuda.kernels.Permutation;
import io.moeplan.engine.cuda.weights.Piece;
import io.moeplan.engine.cuda.weights.Vectors;
import io.moeplan.engine.cuda.weights.Vectors.Name;
import io.moeplan.engine.model.FeedForward;
import io.moeplan.engine.model.Router;

/** Norms tokens for the feed-forward block, lets them choose experts, and sorts the choices by expert. */
final class RouterLayer {
    private final Operations operations;
    private final Vectors vectors;
    private final FastKernels fast;
    private final Permutation permutation;

    RouterLayer(Operations operations, Vectors vectors, FastKernels fast, Permutation permutation) {
        this.operations = operations;
        this.vectors = vectors;
        this.fast = fast;
        this.permutation = permutation;
    }

    /**
     * Routes some tokens, with logits as good as float32's: of inputs and weights, both halves of the digits. In float16 the
     * low halves are below its normal numbers, where they are right to 2^-25: of inputs of about 1 and weights of about 0.01
     * that is still nearer than two bfloat16 halves come.
     *
     * @param weights address of the piece's unpacked weights
     * @param bad     int32, becomes the first token with a logit that is not finite if there is one before it
     */
    void route(int layer, FeedForward.Sparse shape, Piece piece, long weights, Tokens tokens, Routed routed,
            long bad) {
        Router router = shape.router();
        int rows = tokens.count();
        int hidden = operations.hidden();
        boolean rounded = operations.launcher().type() != NumberType.FP32;
        long low = rounded ? operations.take((long) rows * hidden) : 0;
        operations.norm(tokens.residual(), tokens.normed(), low, rows, vectors.of(layer, Name.FEED_FORWARD_NORM),
                vectors.of(layer, Name.FEED_FORWARD_NORM_BIAS));
        long logits = operations.scratch().take(4L * rows * router.experts());
        operations.project(tokens.normed(), hidden, weights + piece.group(0), logits, NumberType.FP32, rows,
                router.experts(), hidden);
        if (rounded) {
            operations.addProduct(low, weights + piece.group(0), logits, rows, router.experts(), hidden);
        }
        if (piece.groups() > 1) {
            operations.addProduct(tokens.normed(), weights + piece.group(1), logits, rows, router.experts(), hidden);
        }
        fast.choice(router).choose(operations.launcher().stream(),
                new ExpertChoice.Logits(rows, logits, vectors.of(layer, Name.ROUTER_BIAS),
                        vectors.of(layer, Name.CORRECTION)),
                new ExpertChoice.Chosen(routed.ids(), routed.packed(), routed.weights(), bad, tokens.first()));
        permutation.sort(operations.launcher().stream(), rows, routed.ids(),
                new Permutation.Order(routed.offsets(), routed.rowToken(), routed.slotRow()));
    }
}
