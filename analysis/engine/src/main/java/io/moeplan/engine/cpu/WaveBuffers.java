package io.moeplan.engine.cpu;

import io.moeplan.engine.gemm.Element;
import io.moeplan.engine.gemm.Rows;
import io.moeplan.engine.model.Architecture;
import io.moeplan.engine.model.Attention;
import io.moeplan.engine.model.FeedForward;
import io.moeplan.engine.model.Router;
import java.lang.foreign.Arena;
import java.util.List;

/**
 * What a wave needs beside its residual stream, and how much of it.
 *
 * @param attendedTokens tokens that attention takes together; a longer sequence is taken alone
 * @param outputs        expert outputs that wait to be added to the residual, {@code [rows][hidden]}
 */
record WaveBuffers(KeyValues keyValues, int attendedTokens, Rows outputs) {
    private static final int MIN_TILE_ROWS = 64;
    private static final int ATTENDED_TOKENS_PER_THREAD = 2048;

    static WaveBuffers allocate(Architecture architecture, Sizes sizes, int tokens, int longest, int threads) {
        int attended = attendedTokens(tokens, longest, threads);
        Held held = held(architecture);
        int outputRows = outputRows(architecture, sizes, tokens);
        return new WaveBuffers(KeyValues.allocate(held.heads, held.keyDim, held.valueDim, attended), attended,
                Rows.of(Arena.ofAuto().allocate(4L * outputRows * architecture.hidden(), 64), Element.F32, outputRows,
                        architecture.hidden()));
    }

    /** Whether a wave finds room in them. */
    boolean holds(Architecture architecture, Sizes sizes, int tokens, int longest, int threads) {
        return attendedTokens(tokens, longest, threads) <= attendedTokens
                && outputRows(architecture, sizes, tokens) <= outputs.rows();
    }

    /** Rows of a tile that scratch memory allows all threads. */
    static int tileRows(Architecture architecture, Sizes sizes, int threads) {
        long rows = sizes.scratchBytes() / threads / (4 * tileWidth(architecture));
        return Math.clamp(rows, MIN_TILE_ROWS, Projection.MAX_ROWS);
    }

    /** Bytes that a wave takes at its peak. */
    static long bytes(Architecture architecture, Sizes sizes, long tokens, int longest, int threads) {
        long hidden = architecture.hidden();
        long topK = architecture.sparse(architecture.moeLayers()[0]).router().topK();
        // Residual and what is kept; id and position; routing (2 + 4) and pairs sorted by expert (4 + 4).
        long perToken = 4 * (hidden + keptWidth(architecture)) + 8 + 14 * topK;
        long attended = attendedTokens(tokens, longest, threads);
        long rows = Math.min(tokens, tileRows(architecture, sizes, threads));
        long perThread = 4 * rows * tileWidth(architecture) + 64 * attended;
        return tokens * perToken + OffHeapRows.bytes(Element.F32, 0, architecture.hidden() + keptWidth(architecture))
                + 4 * hidden * outputRows(architecture, sizes, tokens)
                + 4 * attended * attendedWidth(architecture) + 4L * longest * rotaryWidth(architecture)
                + threads * perThread;
    }

    /** Floats kept per token between the steps of a layer. */
    static int keptWidth(Architecture architecture) {
        return kinds(architecture).stream().mapToInt(kind -> switch (kind) {
            case Attention.Latent a -> LatentHeads.keptWidth(a, architecture.hidden());
            case Attention.GroupedQuery a -> architecture.hidden();
            case Attention.GatedDelta a -> architecture.hidden();
        }).reduce(architecture.hidden(), Math::max);
    }

    private record Held(int heads, int keyDim, int valueDim) {}

    private static Held held(Architecture architecture) {
        return kinds(architecture).stream().filter(Attention.Softmax.class::isInstance)
                .map(Attention.Softmax.class::cast)
                .map(a -> new Held(SoftmaxLayer.heldHeads(a), a.keyDim(), a.valueDim()))
                .reduce(new Held(1, 1, 1), (a, b) -> new Held(Math.max(a.heads, b.heads), Math.max(a.keyDim, b.keyDim),
                        Math.max(a.valueDim, b.valueDim)));
    }

    private static long attendedWidth(Architecture architecture) {
        Held held = held(architecture);
        int delta = kinds(architecture).stream().filter(Attention.GatedDelta.class::isInstance)
                .mapToInt(a -> DeltaLayer.heldWidth((Attention.GatedDelta) a)).max().orElse(0);
        return (long) held.heads * (held.keyDim + held.valueDim) + delta;
    }

    private static int rotaryWidth(Architecture architecture) {
        return kinds(architecture).stream().filter(Attention.Softmax.class::isInstance)
                .mapToInt(a -> ((Attention.Softmax) a).rotaryDim()).max().orElse(0);
    }

    /** Floats of a row of a tile: the widest of what a thread works with. */
    private static long tileWidth(Architecture architecture) {
        long attention = kinds(architecture).stream().mapToLong(kind -> switch (kind) {
            case Attention.Softmax a -> {
                long heads = SoftmaxLayer.heldHeads(a);
                long queries = heads * a.heads() / a.kvHeads();
                long widest = Math.max(a.keyDim(), a.valueDim());
                yield 2 * heads * (a.keyDim() + a.valueDim()) + 2 * queries * a.keyDim() + queries * a.valueDim()
                        + 3 * queries * widest;
            }
            case Attention.GatedDelta a -> 2L * DeltaLayer.heldWidth(a);
        }).max().orElse(0);
        long mlp = architecture.layers().stream().mapToLong(layer -> switch (layer.feedForward()) {
            case FeedForward.Dense dense -> dense.width();
            case FeedForward.Sparse sparse -> Math.max(sparse.width(),
                    sparse.shared().map(FeedForward.Shared::width).orElse(0));
        }).max().orElse(0);
        return 5L * architecture.hidden() + 2L * keptWidth(architecture) + attention + 2 * mlp + 256;
    }

    private static List<Attention> kinds(Architecture architecture) {
        return architecture.layers().stream().map(Architecture.Layer::attention).distinct().toList();
    }

    private static int attendedTokens(long tokens, int longest, int threads) {
        return (int) Math.min(tokens, Math.max(longest, (long) ATTENDED_TOKENS_PER_THREAD * threads));
    }

    private static int outputRows(Architecture architecture, Sizes sizes, long tokens) {
        Router router = architecture.sparse(architecture.moeLayers()[0]).router();
        long pairs = tokens * router.topK();
        long padded = pairs + pairs / 8 + 16 * Math.min(pairs, router.experts());
        long room = Math.max(Projection.MAX_ROWS, sizes.outputBytes() / (4L * architecture.hidden()));
        return (int) Math.min(room, padded);
    }
}
