package io.moeplan.engine.model;

/** Floating-point operations of the parts of a layer; a multiply-add counts as two. What progress is measured in. */
public final class Cost {
    private Cost() {}

    /** Projecting one token's keys and values. */
    public static long keysValues(Architecture architecture) {
        return switch (architecture.attention()) {
            case Attention.GroupedQuery a -> 4L * architecture.hidden() * a.keyWidth();
        };
    }

    /** One token's query and output projections and its attention to all tokens it sees from {@code position}. */
    public static long attend(Architecture architecture, int position) {
        return switch (architecture.attention()) {
            case Attention.GroupedQuery a -> {
                long seen = a.window() > 0 ? Math.min(a.window(), position + 1L) : position + 1L;
                yield 4L * architecture.hidden() * a.queryWidth() + 4 * seen * a.queryWidth();
            }
        };
    }

    /** Routing one token. */
    public static long route(Architecture architecture, FeedForward.Sparse sparse) {
        return 2L * architecture.hidden() * sparse.router().experts();
    }

    /** One token through one MLP (one expert) of that inner width. */
    public static long mlp(Architecture architecture, int width) {
        return 6L * architecture.hidden() * width;
    }
}
