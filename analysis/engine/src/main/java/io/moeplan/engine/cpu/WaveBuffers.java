package io.moeplan.engine.cpu;

import io.moeplan.engine.gemm.Element;
import io.moeplan.engine.gemm.Rows;
import io.moeplan.engine.model.Architecture;
import io.moeplan.engine.model.Attention;
import io.moeplan.engine.model.FeedForward;
import io.moeplan.engine.model.Router;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * What a wave needs beside its residual stream, and how much of it.
 *
 * @param keyValues      memory for keys and values of the sequences that attention takes together
 * @param attendedTokens tokens that linear attention takes together; a longer sequence is taken alone
 * @param outputs        expert outputs that wait to be added to the residual, {@code [rows][hidden]}
 */
record WaveBuffers(MemorySegment keyValues, int attendedTokens, Rows outputs) {
    private static final int MIN_TILE_ROWS = 64;
    private static final int ATTENDED_TOKENS_PER_THREAD = 2048;
    private static final long CACHE_LINE = 64;
    /** A thread's panel of decoded weights, what the library of products works with, and a tile of attention. */
    private static final long THREAD_BYTES = 4 << 20;

    static WaveBuffers allocate(Architecture architecture, Element element, Sizes sizes, int tokens, int longest,
            int threads) {
        int outputRows = outputRows(architecture, sizes, tokens);
        return new WaveBuffers(
                Arena.ofAuto().allocate(keyValueBytes(architecture, element, tokens, longest, threads), CACHE_LINE),
                attendedTokens(tokens, longest, threads),
                Rows.of(Arena.ofAuto().allocate(4L * outputRows * architecture.hidden(), CACHE_LINE), Element.F32,
                        outputRows, architecture.hidden()));
    }

    /** Whether a wave finds room in them. */
    boolean holds(Architecture architecture, Element element, Sizes sizes, int tokens, int longest, int threads) {
        return attendedTokens(tokens, longest, threads) <= attendedTokens
                && keyValueBytes(architecture, element, tokens, longest, threads) <= keyValues.byteSize()
                && outputRows(architecture, sizes, tokens) <= outputs.rows();
    }

    /** Rows of a tile that scratch memory allows all threads. */
    static int tileRows(Architecture architecture, Sizes sizes, int threads) {
        long rows = sizes.scratchBytes() / threads / (4 * tileWidth(architecture));
        return Math.clamp(rows, MIN_TILE_ROWS, Projection.MAX_ROWS);
    }

    /** Rows of experts that all threads work on together. */
    static int sharedRows(Architecture architecture, Sizes sizes) {
        return SharedMlp.rows(sizes.sharedBytes(), architecture.hidden(), expertWidth(architecture));
    }

    private static int expertWidth(Architecture architecture) {
        return architecture.layers().stream().mapToInt(layer -> switch (layer.feedForward()) {
            case FeedForward.Dense dense -> 0;
            case FeedForward.Sparse sparse -> Math.max(sparse.width(),
                    sparse.shared().map(FeedForward.Shared::width).orElse(0));
        }).max().orElse(0);
    }

    /** Bytes that a wave takes at its peak. */
    static long bytes(Architecture architecture, Element element, Sizes sizes, long tokens, int longest, int threads) {
        long hidden = architecture.hidden();
        long topK = architecture.sparse(architecture.moeLayers()[0]).router().topK();
        // Residual and what is kept; id and position; routing (2 + 4) and pairs sorted by expert (4 + 4), by token (4), and
        // their places (4).
        long perToken = 4 * hidden + (long) element.bytes() * keptWidth(architecture) + 8 + 22 * topK;
        long attended = attendedTokens(tokens, longest, threads);
        long rows = Math.min(tokens, tileRows(architecture, sizes, threads));
        long perThread = 4 * rows * tileWidth(architecture) + THREAD_BYTES;
        return tokens * perToken + OffHeapRows.bytes(Element.F32, 0, architecture.hidden() + keptWidth(architecture))
                + 4 * hidden * outputRows(architecture, sizes, tokens)
                + keyValueBytes(architecture, element, tokens, longest, threads)
                + 4 * attended * deltaWidth(architecture) + 4L * longest * rotaryWidth(architecture)
                + threads * perThread + Math.min(tokens, sharedRows(architecture, sizes))
                        * SharedMlp.rowBytes(architecture.hidden(), expertWidth(architecture));
    }

    /** Floats kept per token between the steps of a layer. */
    static int keptWidth(Architecture architecture) {
        return kinds(architecture).stream().mapToInt(kind -> switch (kind) {
            case Attention.Latent a -> LatentHeads.keptWidth(a, architecture.hidden());
            case Attention.GroupedQuery a -> architecture.hidden();
            case Attention.GatedDelta a -> architecture.hidden();
        }).reduce(architecture.hidden(), Math::max);
    }

    /** Memory for some blocks of those heads that are held, of whichever layer has the largest. */
    private static long keyValueBytes(Architecture architecture, Element element, long tokens, int longest,
            int threads) {
        long block = kinds(architecture).stream().filter(Attention.Softmax.class::isInstance)
                .mapToLong(a -> SoftmaxLayer.held((Attention.Softmax) a, element).blockBytes()).max().orElse(1);
        long together = (long) ATTENDED_TOKENS_PER_THREAD * threads / KeyValues.BLOCK;
        return block * Math.min(tokens, Math.max(Math.ceilDiv(longest, KeyValues.BLOCK), together));
    }

    private static long deltaWidth(Architecture architecture) {
        return kinds(architecture).stream().filter(Attention.GatedDelta.class::isInstance)
                .mapToInt(a -> DeltaLayer.heldWidth((Attention.GatedDelta) a)).max().orElse(0);
    }

    private static int rotaryWidth(Architecture architecture) {
        return kinds(architecture).stream().filter(Attention.Softmax.class::isInstance)
                .mapToInt(a -> ((Attention.Softmax) a).rotaryDim()).max().orElse(0);
    }

    /** Floats of a row of a tile: the widest of what a thread works with. */
    private static long tileWidth(Architecture architecture) {
        long attention = kinds(architecture).stream().mapToLong(kind -> switch (kind) {
            case Attention.Softmax a -> {
                long heads = SoftmaxLayer.held(a, Element.F32).heads();
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
