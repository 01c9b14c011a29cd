package io.moeplan.engine.model;

/** Floating-point operations of the parts of a layer; a multiply-add counts as two. What progress is measured in. */
public final class Cost {
    private Cost() {}

    /** Projecting what the attention of a layer keeps of one token: keys and values, or what a state is updated with. */
    public static long keysValues(Architecture architecture, Attention attention) {
        long hidden = architecture.hidden();
        return switch (attention) {
            case Attention.GroupedQuery a -> 4 * hidden * a.keyWidth();
            case Attention.Latent a -> 2 * hidden * (a.latentRank() + a.rotaryDim())
                    + 2L * a.latentRank() * a.heads() * (a.plainDim() + a.valueDim());
            case Attention.GatedDelta a -> 4 * hidden * (a.keyWidth() + a.valueWidth());
        };
    }

    /** One token's query and output projections and its attention to all tokens it sees from {@code position}. */
    public static long attend(Architecture architecture, Attention attention, int position) {
        long hidden = architecture.hidden();
        return switch (attention) {
            case Attention.GroupedQuery a -> (a.gated() ? 6 : 4) * hidden * a.queryWidth()
                    + 4 * seen(a, position) * a.queryWidth();
            case Attention.Latent a -> {
                long queries = (long) a.heads() * a.keyDim();
                long projection = a.queryRank() > 0
                        ? 2L * a.queryRank() * (hidden + queries)
                        : 2 * hidden * queries;
                long width = queries + (long) a.heads() * a.valueDim();
                yield projection + 2 * hidden * a.heads() * a.valueDim() + 2 * seen(a, position) * width;
            }
            case Attention.GatedDelta a -> 2 * hidden * a.valueWidth()
                    + 8L * a.valueHeads() * a.keyDim() * a.valueDim();
        };
    }

    private static long seen(Attention.Softmax attention, int position) {
        return position + 1L - attention.span().first(position);
    }

    /** Routing one token. */
    public static long route(Architecture architecture, FeedForward.Sparse sparse) {
        return 2L * architecture.hidden() * sparse.router().experts();
    }

    /** One token through one MLP (one expert) of that inner width. */
    public static long mlp(Architecture architecture, int width) {
        return 6L * architecture.hidden() * width;
    }

    /** One token through its experts and the shared ones. */
    public static long experts(Architecture architecture, FeedForward.Sparse sparse) {
        return sparse.router().topK() * mlp(architecture, sparse.width())
                + sparse.shared().map(shared -> mlp(architecture, shared.width())).orElse(0L);
    }
}
