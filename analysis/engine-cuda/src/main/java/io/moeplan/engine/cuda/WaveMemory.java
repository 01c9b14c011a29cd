package io.moeplan.engine.cuda;

import io.moeplan.engine.model.Architecture;
import io.moeplan.engine.model.Attention;
import io.moeplan.engine.model.FeedForward;

/**
 * Device memory of a wave. What grows with it is its residual stream, the normed rows and the routing; layers go over it some
 * tokens at a time, so that what they work with does not grow: whole sequences in attention, any tokens elsewhere.
 *
 * @param elementBytes of an activation
 * @param together     tokens that a layer takes at a time, unless one sequence is longer
 */
record WaveMemory(Architecture architecture, int elementBytes, int together) {
    private static final int MOST_TOGETHER = 65_536;
    private static final int LEAST_TOGETHER = 256;
    /** Sorted rows of a grouped product: a grid counts their tiles of 64 in 16 bits. */
    private static final long MOST_ROWS = 1 << 21;
    /** What is taken is aligned: an allowance for about twenty pieces. */
    private static final long ALIGNMENT_BYTES = 16 << 10;

    /** As many tokens at a time as an eighth of the memory allows. */
    static WaveMemory of(Architecture architecture, int elementBytes, long memoryBytes) {
        int together = MOST_TOGETHER;
        int topK = new WaveMemory(architecture, elementBytes, together).topK();
        while (together > LEAST_TOGETHER && ((long) together * topK > MOST_ROWS
                || new WaveMemory(architecture, elementBytes, together).scratch(together, together) > memoryBytes
                        / 8)) {
            together /= 2;
        }
        return new WaveMemory(architecture, elementBytes, together);
    }

    int topK() {
        return architecture.sparse(architecture.moeLayers()[0]).router().topK();
    }

    int experts() {
        return architecture.sparse(architecture.moeLayers()[0]).router().experts();
    }

    /**
     * Bytes of the wave itself: residual, normed rows, ids and positions, ranges, routing and its permutation, and counts of
     * passes, half as many passes as tokens at most.
     */
    long kept(long tokens) {
        long hidden = architecture.hidden();
        long each = 4 * hidden + elementBytes * hidden + 18 + 20L * topK();
        return tokens * each + (tokens / together + 1) * 4L * (experts() + 1) + 64 * ALIGNMENT_BYTES;
    }

    /** Bytes of what layers work with. */
    long scratch(long tokens, int longest) {
        long attended = Math.min(tokens, Math.max(longest, together));
        long some = Math.min(tokens, together);
        long most = 0;
        for (Architecture.Layer layer : architecture.layers()) {
            most = Math.max(most, attended * attention(layer.attention()));
            most = Math.max(most, some * switch (layer.feedForward()) {
                case FeedForward.Dense dense -> 3L * dense.width() * elementBytes;
                case FeedForward.Sparse sparse -> Math.max(experts(sparse),
                        4L * sparse.router().experts() + (long) elementBytes * architecture.hidden());
            });
        }
        return most + ALIGNMENT_BYTES;
    }

    private long experts(FeedForward.Sparse sparse) {
        long hidden = architecture.hidden();
        long each = Math.max((hidden + 3L * sparse.width()) * elementBytes,
                3 * hidden + sparse.width() + (hidden + sparse.width()) / 32);
        long routed = sparse.router().topK() * each;
        long shared = sparse.shared()
                .map(block -> Math.max((3L * block.width() + hidden) * elementBytes + 4,
                        3 * hidden + block.width() + (hidden + block.width()) / 32))
                .orElse(0L);
        return Math.max(routed, shared);
    }

    private long attention(Attention attention) {
        return switch (attention) {
            case Attention.GroupedQuery a ->
                elementBytes * ((a.gated() ? 3L : 2L) * a.queryWidth() + 2L * a.keyWidth());
            case Attention.Latent a -> {
                long queries = (long) a.heads() * a.keyDim();
                long down = (a.queryRank() > 0 ? a.queryRank() : queries) + a.latentRank() + a.rotaryDim();
                yield elementBytes * (down + 2 * queries + (long) a.heads() * (a.plainDim() + 2L * a.valueDim()));
            }
            case Attention.GatedDelta a -> elementBytes * (2L * a.keyWidth() + 3L * a.valueWidth())
                    + 4L * (2L * a.keyWidth() + a.valueWidth() + 2L * a.valueHeads());
        };
    }

    /** Bytes of the tables of a model's rotations. */
    long rotary(int longest) {
        return architecture.layers().stream().map(Architecture.Layer::attention).distinct()
                .filter(Attention.Softmax.class::isInstance).map(Attention.Softmax.class::cast)
                .mapToLong(a -> 4L * longest * a.rotaryDim() + ALIGNMENT_BYTES).sum();
    }

    /** All of it. */
    long bytes(long tokens, int longest) {
        return kept(tokens) + scratch(tokens, longest) + rotary(longest);
    }
}
