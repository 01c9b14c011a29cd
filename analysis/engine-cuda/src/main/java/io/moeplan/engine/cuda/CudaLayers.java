package io.moeplan.engine.cuda;

import io.moeplan.engine.cuda.driver.DeviceBuffer;
import io.moeplan.engine.cuda.driver.NumberType;
import io.moeplan.engine.cuda.kernels.FastKernels;
import io.moeplan.engine.cuda.kernels.Permutation;
import io.moeplan.engine.cuda.weights.Piece;
import io.moeplan.engine.cuda.weights.Piece.Part;
import io.moeplan.engine.cuda.weights.Pieces;
import io.moeplan.engine.cuda.weights.Vectors;
import io.moeplan.engine.cuda.weights.Vectors.Name;
import io.moeplan.engine.cuda.weights.WeightStore;
import io.moeplan.engine.model.Architecture;
import io.moeplan.engine.model.Attention;
import io.moeplan.engine.model.FeedForward;
import io.moeplan.engine.model.Model;

/** Queues the parts of each layer over a wave, with the weights they need. */
final class CudaLayers {
    private final Architecture architecture;
    private final Operations operations;
    private final Vectors vectors;
    private final Pieces pieces;
    private final WeightStore weights;
    private final AttentionLayers attention;
    private final DeltaNet delta;
    private final RouterLayer router;
    private final ExpertLayer experts;

    CudaLayers(Model model, Operations operations, Vectors vectors, Rotaries rotaries, Pieces pieces,
            WeightStore weights, FastKernels fast, Permutation permutation) {
        this.architecture = model.architecture();
        this.operations = operations;
        this.vectors = vectors;
        this.pieces = pieces;
        this.weights = weights;
        attention = new AttentionLayers(operations, vectors, rotaries, fast);
        delta = new DeltaNet(operations, vectors);
        router = new RouterLayer(operations, vectors, fast, permutation);
        experts = new ExpertLayer(operations, vectors, fast);
    }

    void embed(WaveState wave) {
        for (Piece piece : pieces.embedding()) {
            long table = weights.use(piece);
            operations.launcher().rows("embed", "embed", wave.tokens(), 256, wave.ids(), table, piece.first(),
                    piece.count(), wave.residual(0), architecture.hidden(), architecture.scales().embedding());
        }
    }

    void attention(int layer, WaveState wave) {
        boolean normed = wave.takeNormed(layer);
        for (Piece piece : pieces.of(layer, Part.ATTENTION)) {
            long at = weights.use(piece);
            for (Tokens tokens : wave.whole()) {
                operations.scratch().reset();
                if (!normed) {
                    operations.norm(tokens.residual(), tokens.normed(), tokens.count(),
                            vectors.of(layer, Name.ATTENTION_NORM), vectors.of(layer, Name.ATTENTION_NORM_BIAS));
                }
                switch (architecture.layers().get(layer).attention()) {
                    case Attention.GroupedQuery shape -> attention.grouped(layer, shape, piece, at, tokens);
                    case Attention.Latent shape -> attention.latent(layer, shape, piece, at, tokens);
                    case Attention.GatedDelta shape -> delta.run(layer, shape, piece, at, tokens);
                }
            }
        }
    }

    /** @param bad see {@link RouterLayer#route} */
    void route(int layer, WaveState wave, long bad) {
        FeedForward.Sparse shape = architecture.sparse(layer);
        for (Piece piece : pieces.of(layer, Part.ROUTER)) {
            long at = weights.use(piece);
            for (Tokens tokens : wave.any()) {
                operations.scratch().reset();
                router.route(layer, shape, piece, at, tokens, wave.routed(tokens), bad);
            }
        }
    }

    /** What the router of a layer decided; where the last kernel can, it takes the next layer's norm as well. */
    void experts(int layer, WaveState wave) {
        FeedForward.Sparse shape = architecture.sparse(layer);
        for (Piece piece : pieces.of(layer, Part.SHARED)) {
            long at = weights.use(piece);
            for (Tokens tokens : wave.any()) {
                operations.scratch().reset();
                if (pieces.isSharedFp8(layer)) {
                    experts.sharedInFp8(shape.shared().orElseThrow(), piece, at, tokens);
                } else {
                    experts.shared(shape.shared().orElseThrow(), piece, at, tokens);
                }
            }
        }
        long norm = nextNorm(layer);
        boolean normed = false;
        for (Piece piece : pieces.of(layer, Part.EXPERTS)) {
            long at = weights.use(piece);
            for (Tokens tokens : wave.any()) {
                operations.scratch().reset();
                normed = pieces.isFp8(layer)
                        ? experts.expertsInFp8(shape, piece, at, tokens, wave.routed(tokens), norm)
                        : experts.experts(layer, shape, piece, at, tokens, wave.routed(tokens), norm);
            }
        }
        if (normed) {
            wave.isNormed(layer + 1);
        }
    }

    /** Weights of the norm that the next layer begins with; 0 if there is none or it is no RMS norm. */
    private long nextNorm(int layer) {
        boolean plain = layer + 1 < architecture.layers().size()
                && vectors.of(layer + 1, Name.ATTENTION_NORM_BIAS) == 0;
        return plain ? vectors.of(layer + 1, Name.ATTENTION_NORM) : 0;
    }

    void dense(int layer, WaveState wave) {
        if (!(architecture.layers().get(layer).feedForward() instanceof FeedForward.Dense shape)) {
            throw new IllegalArgumentException("layer " + layer + " routes");
        }
        for (Piece piece : pieces.of(layer, Part.DENSE)) {
            long at = weights.use(piece);
            for (Tokens tokens : wave.any()) {
                operations.scratch().reset();
                experts.dense(layer, shape, piece, at, tokens);
            }
        }
    }

    /** Queues the final norm of a token, into its normed row. */
    void finalNorm(int token, WaveState wave) {
        operations.norm(wave.residual(token), wave.normed(token), 1, vectors.finalNorm(), vectors.finalNormBias());
    }

    /**
     * Queues the head for a token whose final norm is in its normed row.
     *
     * @return address of the logits, float32 {@code [vocabulary]}, without bias
     */
    long head(int token, WaveState wave, DeviceBuffer into) {
        for (Piece piece : pieces.head()) {
            long at = weights.keep(piece);
            operations.project(wave.normed(token), architecture.hidden(), at, into.address() + 4L * piece.first(),
                    NumberType.FP32, 1, piece.count(), architecture.hidden());
        }
        return into.address();
    }
}
