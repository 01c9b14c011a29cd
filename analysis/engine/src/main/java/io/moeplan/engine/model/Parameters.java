package io.moeplan.engine.model;

/** How many numbers a model has learned, from its shapes alone. */
public final class Parameters {
    private Parameters() {}

    /** Of one layer. */
    public static long layer(Architecture architecture, int layer) {
        return layer(architecture, layer, false);
    }

    /** Of one layer, those that one token passes. */
    public static long activeInLayer(Architecture architecture, int layer) {
        return layer(architecture, layer, true);
    }

    /** Of the embedding, the final norm and the head (which a tied model does not have). */
    public static long outsideLayers(Architecture architecture) {
        long table = (long) architecture.vocabulary() * architecture.hidden();
        return table + (architecture.tiedHead() ? 0 : table) + (architecture.headBias() ? architecture.vocabulary() : 0)
                + norm(architecture);
    }

    /** All of them. */
    public static long total(Architecture architecture) {
        long sum = outsideLayers(architecture);
        for (int layer = 0; layer < architecture.layers().size(); layer++) {
            sum += layer(architecture, layer);
        }
        return sum;
    }

    /** Those that one token passes, as model names count them (A3B): the embedding and the head included. */
    public static long active(Architecture architecture) {
        long sum = outsideLayers(architecture);
        for (int layer = 0; layer < architecture.layers().size(); layer++) {
            sum += activeInLayer(architecture, layer);
        }
        return sum;
    }

    private static long layer(Architecture architecture, int layer, boolean active) {
        Architecture.Layer shape = architecture.layers().get(layer);
        long hidden = architecture.hidden();
        return 2 * norm(architecture) + attention(shape.attention(), hidden) + switch (shape.feedForward()) {
            case FeedForward.Dense dense -> mlp(hidden, dense.width(), false);
            case FeedForward.Sparse sparse -> sparse(sparse, hidden, active);
        };
    }

    private static long norm(Architecture architecture) {
        return architecture.hidden() * (architecture.norm().kind() == Norm.Kind.LAYER ? 2L : 1L);
    }

    private static long sparse(FeedForward.Sparse sparse, long hidden, boolean active) {
        Router router = sparse.router();
        long experts = active ? router.topK() : router.experts();
        long gate = router.experts() * (hidden + (router.bias() ? 1 : 0) + (router.correction() ? 1 : 0));
        long shared = sparse.shared()
                .map(block -> mlp(hidden, block.width(), false) + (block.gated() ? hidden : 0)).orElse(0L);
        return gate + shared + experts * mlp(hidden, sparse.width(), sparse.bias());
    }

    private static long mlp(long hidden, long width, boolean bias) {
        return 3 * hidden * width + (bias ? 2 * width + hidden : 0);
    }

    private static long attention(Attention attention, long hidden) {
        return switch (attention) {
            case Attention.GroupedQuery a -> grouped(a, hidden);
            case Attention.Latent a -> latent(a, hidden);
            case Attention.GatedDelta a -> {
                long convolved = 2L * a.keyWidth() + a.valueWidth();
                yield hidden * (convolved + 2L * a.valueWidth() + 2L * a.valueHeads()) + convolved * a.taps()
                        + 2L * a.valueHeads() + a.valueDim();
            }
        };
    }

    private static long grouped(Attention.GroupedQuery a, long hidden) {
        long inputs = (a.gated() ? 2L : 1L) * a.queryWidth() + 2L * a.keyWidth();
        long norms = switch (a.headNorm()) {
            case NONE, UNIT_AFTER_ROPE -> 0;
            case PER_HEAD, PER_HEAD_AFTER_ROPE -> 2L * a.headDim();
            case WHOLE -> (long) a.queryWidth() + a.keyWidth();
        };
        return hidden * (inputs + a.queryWidth()) + (a.bias() ? inputs : 0) + (a.outputBias() ? hidden : 0) + norms
                + (a.sinks() ? a.heads() : 0);
    }

    private static long latent(Attention.Latent a, long hidden) {
        long queries = (long) a.heads() * a.keyDim();
        long query = a.queryRank() > 0
                ? a.queryRank() * (hidden + 1 + queries) + (a.bias() ? a.queryRank() : 0)
                : hidden * queries;
        long keyDown = (long) a.latentRank() + a.rotaryDim();
        return query + hidden * keyDown + a.latentRank() + (a.bias() ? keyDown + hidden : 0)
                + (long) a.latentRank() * a.heads() * (a.plainDim() + a.valueDim())
                + hidden * a.heads() * a.valueDim();
    }
}
