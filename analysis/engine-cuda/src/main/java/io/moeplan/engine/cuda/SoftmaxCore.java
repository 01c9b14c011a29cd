package io.moeplan.engine.cuda;

import io.moeplan.engine.model.Attention;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Scores, softmax and weighted values, given queries, keys and values. */
final class SoftmaxCore {
    private static final int WARPS = 4;

    private final Launcher launcher;

    SoftmaxCore(Launcher launcher) {
        this.launcher = launcher;
    }

    /**
     * Heads of tokens.
     *
     * @param stride     from token to token, in elements
     * @param headStride from head to head, in elements
     */
    record Rows(long address, long stride, long headStride) {
        private MemorySegment structure(Arena arena) {
            return arena.allocateFrom(ValueLayout.JAVA_LONG, address, stride, headStride);
        }
    }

    /**
     * Queues attention.
     *
     * @param sinks float32 {@code [heads]}, 0 for none
     * @param out   activations {@code [tokens][heads * valueDim]}
     */
    void attend(Attention.Softmax shape, Tokens tokens, Rows q, Rows k, Rows v, long sinks, long out) {
        int window = shape.span().kind() == Attention.Span.Kind.SLIDING ? shape.span().tokens() : 0;
        int chunk = shape.span().kind() == Attention.Span.Kind.CHUNKED ? shape.span().tokens() : 0;
        Kernel kernel = launcher.kernel("attention_simple", "attention_simple",
                "VALUES=" + Math.ceilDiv(shape.valueDim(), 32));
        try (Arena arena = Arena.ofConfined()) {
            launcher.grid(kernel, Math.ceilDiv(tokens.count(), WARPS), shape.heads(), 32 * WARPS,
                    4 * WARPS * shape.keyDim(), q.structure(arena), k.structure(arena), v.structure(arena), out,
                    (long) shape.heads() * shape.valueDim(), tokens.starts(), tokens.sequences(), tokens.count(),
                    shape.heads() / shape.kvHeads(), shape.keyDim(), shape.valueDim(), shape.scale(), window, chunk,
                    sinks);
        }
    }
}
