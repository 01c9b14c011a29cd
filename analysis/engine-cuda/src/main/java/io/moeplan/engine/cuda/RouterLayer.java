package io.moeplan.engine.cuda;

import io.moeplan.engine.cuda.Vectors.Name;
import io.moeplan.engine.gemm.Precision;
import io.moeplan.engine.model.FeedForward;
import io.moeplan.engine.model.Router;

/** Norms tokens for the feed-forward block, lets them choose experts, and sorts the choices by expert. */
final class RouterLayer {
    /** Of a block, so that two of them fit a multiprocessor. */
    private static final int SHARED_BYTES = 96 << 10;

    private final Operations operations;
    private final Vectors vectors;
    private final Permutation permutation;

    RouterLayer(Operations operations, Vectors vectors, Permutation permutation) {
        this.operations = operations;
        this.vectors = vectors;
        this.permutation = permutation;
    }

    /**
     * Routes some tokens, with logits as good as float32's: of inputs and weights, both halves of the digits.
     *
     * @param weights address of the piece's unpacked weights
     * @param bad     int32, becomes the first token with a logit that is not finite if there is one before it
     */
    void route(int layer, FeedForward.Sparse shape, Piece piece, long weights, Tokens tokens, Routed routed,
            long bad) {
        Router router = shape.router();
        int rows = tokens.count();
        int hidden = operations.hidden();
        boolean rounded = operations.launcher().precision() == Precision.BF16;
        long low = rounded ? operations.take((long) rows * hidden) : 0;
        operations.norm(tokens.residual(), tokens.normed(), low, rows, vectors.of(layer, Name.FEED_FORWARD_NORM),
                vectors.of(layer, Name.FEED_FORWARD_NORM_BIAS));
        long logits = operations.scratch().take(4L * rows * router.experts());
        operations.project(tokens.normed(), hidden, weights + piece.group(0), logits, DenseGemm.Type.FLOAT32, rows,
                router.experts(), hidden);
        if (rounded) {
            operations.addProduct(low, weights + piece.group(0), logits, rows, router.experts(), hidden);
        }
        if (piece.groups() > 1) {
            operations.addProduct(tokens.normed(), weights + piece.group(1), logits, rows, router.experts(), hidden);
        }
        choose(layer, router, logits, tokens, routed, bad);
        permutation.sort(operations.launcher().stream(), rows, routed.ids(),
                new Permutation.Order(routed.offsets(), routed.rowToken(), routed.slotRow()));
    }

    private void choose(int layer, Router router, long logits, Tokens tokens, Routed routed, long bad) {
        int groups = router.groups().map(Router.Groups::count).orElse(1);
        int each = 4 * (2 * router.experts() + groups + router.topK());
        int warps = Math.clamp(SHARED_BYTES / each, 1, 4);
        Launcher launcher = operations.launcher();
        launcher.grid(launcher.kernel("router", "router"), Math.ceilDiv(tokens.count(), warps), 1, 32 * warps,
                warps * each, logits, vectors.of(layer, Name.ROUTER_BIAS), vectors.of(layer, Name.CORRECTION),
                tokens.count(), router.experts(), router.topK(), score(router), router.divisor().sum() ? 1 : 0,
                (float) router.divisor().epsilon(), (float) router.divisor().floor(), (float) router.scale(), groups,
                router.groups().map(Router.Groups::kept).orElse(1), router.groups().map(Router.Groups::best).orElse(1),
                (float) Router.MIXER_JITTER, routed.ids(), routed.packed(), routed.weights(), bad, tokens.first());
    }

    private static int score(Router router) {
        return switch (router.score()) {
            case SOFTMAX -> 0;
            case SIGMOID -> 1;
            case SOFTMAX_OF_CHOSEN -> 2;
            case SPARSE_MIXER -> 3;
        };
    }
}
