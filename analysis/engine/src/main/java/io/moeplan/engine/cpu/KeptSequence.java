package io.moeplan.engine.cpu;

import io.moeplan.engine.gemm.Element;
import io.moeplan.engine.model.Architecture;
import io.moeplan.engine.model.Attention;

/** What all layers keep of one sequence that grows. */
final class KeptSequence {
    /** Bytes that an array takes beside its floats, its entry in another array included. */
    private static final int HEADER = 24;
    /** Bytes of the objects that describe one head of a block. */
    private static final int MATRIX_BYTES = 512;

    private final Architecture architecture;
    private final BlockPool pool;
    /** By layer, null where a layer has a state. */
    private final KeyValues[] keyValues;
    /** By layer, null where a layer has keys and values. */
    private final DeltaPast[] deltas;
    private int length;

    /**
     * A sequence without tokens.
     *
     * @param tokens how many it may come to have
     * @param pool   where memory comes from and goes back to
     */
    KeptSequence(Architecture architecture, Element element, int tokens, BlockPool pool) {
        this.pool = pool;
        this.architecture = architecture;
        int layers = architecture.layers().size();
        keyValues = new KeyValues[layers];
        deltas = new DeltaPast[layers];
        for (int layer = 0; layer < layers; layer++) {
            switch (architecture.layers().get(layer).attention()) {
                case Attention.Softmax a -> keyValues[layer] = KeyValues.growing(shape(a, element), tokens);
                case Attention.GatedDelta a -> deltas[layer] = DeltaPast.empty(a);
            }
        }
    }

    KeyValues[] keyValues() {
        return keyValues;
    }

    DeltaPast[] deltas() {
        return deltas;
    }

    /** Tokens it has. */
    int length() {
        return length;
    }

    /** Makes room for some more tokens, and lets go of what they and later ones do not see. */
    void extend(int tokens) {
        for (int layer = 0; layer < keyValues.length; layer++) {
            if (architecture.layers().get(layer).attention() instanceof Attention.Softmax a) {
                keyValues[layer].forget(a.span().first(length), pool);
                keyValues[layer].reach(length, length + tokens, pool);
            }
        }
        length += tokens;
    }

    /** Gives its memory back. */
    void end() {
        for (KeyValues layer : keyValues) {
            if (layer != null) {
                layer.end(pool);
            }
        }
    }

    /**
     * Bytes of a sequence.
     *
     * @param rows tokens that it is extended by at most
     */
    static long bytes(Architecture architecture, Element element, int tokens, int rows) {
        long bytes = 0;
        for (Architecture.Layer layer : architecture.layers()) {
            bytes += switch (layer.attention()) {
                case Attention.Softmax a -> keptTokens(a.span(), tokens, rows) / KeyValues.BLOCK
                        * (shape(a, element).blockBytes() + (long) MATRIX_BYTES * heads(a));
                case Attention.GatedDelta a -> 4 * DeltaPast.floats(a) + (long) HEADER * a.valueHeads() * a.keyDim();
            };
        }
        return bytes;
    }

    private static long keptTokens(Attention.Span span, int tokens, int rows) {
        long all = (long) Math.ceilDiv(tokens, KeyValues.BLOCK) * KeyValues.BLOCK;
        long seen = switch (span.kind()) {
            case ALL -> all;
            case SLIDING, CHUNKED -> (long) span.tokens() + rows + 3L * KeyValues.BLOCK;
        };
        return Math.min(all, seen / KeyValues.BLOCK * KeyValues.BLOCK);
    }

    /** Latent attention keeps what all heads share. */
    private static int heads(Attention.Softmax shape) {
        return shape instanceof Attention.Latent ? 1 : shape.kvHeads();
    }

    private static KeyValues.Shape shape(Attention.Softmax shape, Element element) {
        return shape instanceof Attention.Latent a
                ? new KeyValues.Shape(element, heads(a), a.latentRank() + a.rotaryDim(), a.latentRank())
                : new KeyValues.Shape(element, heads(shape), shape.keyDim(), shape.valueDim());
    }
}
