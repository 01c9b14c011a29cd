package io.moeplan.engine.cuda;

import io.moeplan.engine.cuda.driver.Kernel;
import io.moeplan.engine.cuda.driver.Launcher;
import io.moeplan.engine.cuda.kernels.FastKernels;
import io.moeplan.engine.model.Attention;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Optional;

/** Scores, softmax and weighted values, given queries, keys and values. */
final class SoftmaxCore {
    private static final int WARPS = 4;

    private final Launcher launcher;
    private final FastKernels fast;

    SoftmaxCore(Launcher launcher, FastKernels fast) {
        this.launcher = launcher;
        this.fast = fast;
    }

    /**
     * Heads of tokens.
     *
     * @param stride     from token to token, in elements
     * @param headStride from head to head, in elements
     */
    record Rows(long address, long stride, long headStride) {
        private io.moeplan.engine.cuda.kernels.Attention.Rows of() {
            return new io.moeplan.engine.cuda.kernels.Attention.Rows(address, stride, Math.toIntExact(headStride));
        }

        private MemorySegment structure(Arena arena) {
            return arena.allocateFrom(ValueLayout.JAVA_LONG, address, stride, headStride);
        }
    }

    /**
     * Queues attention by a kernel made for these heads.
     *
     * @param rope the last part of all heads' keys, 0 if each has its own
     * @return whether there is one; if not, nothing is queued
     */
    boolean attendFast(Attention.Softmax shape, Tokens tokens, Rows q, Rows k, Rows v, Rows rope, long sinks,
            long out) {
        io.moeplan.engine.cuda.kernels.Attention.Heads heads = new io.moeplan.engine.cuda.kernels.Attention.Heads(
                shape.heads(),
                shape.kvHeads(), shape.keyDim(), shape.valueDim(), rope.address() != 0);
        boolean spans = shape.span().kind() != Attention.Span.Kind.CHUNKED;
        boolean halves = rope.address() == 0 || shape.rotaryDim() == 64;
        Optional<io.moeplan.engine.cuda.kernels.Attention> kernel = spans && halves
                ? fast.attention(heads)
                : Optional.empty();
        kernel.ifPresent(attention -> attention.attend(launcher.stream(), tokens.tiles(),
                new io.moeplan.engine.cuda.kernels.Attention.Matrices(q.of(), k.of(), v.of(), rope.of(),
                        new io.moeplan.engine.cuda.kernels.Attention.Rows(out, (long) shape.heads() * shape.valueDim(),
                                shape.valueDim())),
                new io.moeplan.engine.cuda.kernels.Attention.Options(shape.scale(), shape.span().tokens(), sinks)));
        return kernel.isPresent();
    }

    /**
     * Queues attention of any heads.
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
