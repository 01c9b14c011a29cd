package io.moeplan.engine.cuda;

import io.moeplan.engine.cuda.driver.Launcher;
import io.moeplan.engine.cuda.driver.NumberType;
import io.moeplan.engine.cuda.kernels.Combine;
import io.moeplan.engine.cuda.kernels.FastKernels;
import io.moeplan.engine.cuda.kernels.Fp8GroupedGemm;
import io.moeplan.engine.cuda.kernels.Spread;
import io.moeplan.engine.cuda.weights.Piece;
import io.moeplan.engine.cuda.weights.Vectors;
import io.moeplan.engine.cuda.weights.Vectors.Name;
import io.moeplan.engine.model.FeedForward;
import io.moeplan.engine.model.FeedForward.Activation;
import java.util.Optional;

/**
 * The feed-forward blocks: experts, shared experts, dense MLPs. Each adds to the residual stream of its tokens. Between their
 * products, and until they are added, activations are stored times {@link NumberType#mlpScale}.
 */
final class ExpertLayer {
    private static final int ROW_THREADS = 256;

    private final Operations operations;
    private final Vectors vectors;
    private final FastKernels fast;
    private final GroupedProduct product;
    private final Fp8Mlp fp8;

    ExpertLayer(Operations operations, Vectors vectors, FastKernels fast) {
        this.operations = operations;
        this.vectors = vectors;
        this.fast = fast;
        product = new GroupedProduct(operations.launcher(), fast);
        fp8 = new Fp8Mlp(operations, fast);
    }

    /**
     * Some consecutive experts.
     *
     * @param weights address of the piece's unpacked weights
     * @param norm    address of the weights of an RMS norm to take of the residual stream afterwards, 0 for none
     * @return whether it was taken, into the normed rows of the tokens
     */
    boolean experts(int layer, FeedForward.Sparse shape, Piece piece, long weights, Tokens tokens, Routed routed,
            long norm) {
        Launcher launcher = operations.launcher();
        int topK = shape.router().topK();
        int rows = tokens.count() * topK;
        int hidden = operations.hidden();
        long sorted = operations.take((long) rows * hidden);
        long inner = operations.take((long) rows * shape.width());
        long offsets = routed.offsets() + 4L * piece.first();
        boolean plain = !shape.scalesInput() && piece.count() == shape.router().experts();
        Optional<Spread> spread = plain ? fast.spread(hidden, topK) : Optional.empty();
        if (spread.isPresent()) {
            spread.get().apply(launcher.stream(), tokens.count(), tokens.normed(), routed.slotRow(),
                    new Fp8GroupedGemm.Scaled(sorted, 0));
        } else {
            launcher.rows("gather", "gather", rows, 128, tokens.normed(), sorted, hidden, routed.rowToken(), offsets,
                    piece.count(), shape.scalesInput() ? routed.weights() : 0L, routed.slotRow(), topK);
        }
        GroupedProduct.Groups groups = new GroupedProduct.Groups(rows, offsets, piece.count());
        long inputBias = bias(layer, Name.EXPERT_INPUT_BIAS, piece, 2 * shape.width());
        if (!product.gated(groups, sorted, weights + piece.group(0), inputBias, shape.activation(), inner,
                shape.width(), hidden)) {
            long both = operations.take(2L * rows * shape.width());
            product.plain(groups, sorted, weights + piece.group(0), inputBias, both, 2 * shape.width(), hidden);
            gate(both, inner, rows, shape.width(), shape.activation(), offsets, piece.count());
        }
        product.plain(groups, inner, weights + piece.group(1),
                bias(layer, Name.EXPERT_OUTPUT_BIAS, piece, hidden), sorted, hidden, shape.width());
        return combine(shape, piece, sorted, tokens, routed, norm);
    }

    /** The same of experts stored in fp8, multiplied in it. */
    boolean expertsInFp8(FeedForward.Sparse shape, Piece piece, long weights, Tokens tokens, Routed routed, long norm) {
        int topK = shape.router().topK();
        long offsets = routed.offsets() + 4L * piece.first();
        GroupedProduct.Groups groups = new GroupedProduct.Groups(tokens.count() * topK, offsets, piece.count());
        long out = fp8.sorted(groups, topK, routed.slotRow(), shape.width(), piece, weights, tokens);
        return combine(shape, piece, out, tokens, routed, norm);
    }

    /** The shared MLP, stored in fp8 and multiplied in it. */
    void sharedInFp8(FeedForward.Shared shape, Piece piece, long weights, Tokens tokens) {
        GroupedProduct.Groups groups = new GroupedProduct.Groups(tokens.count(), tokens.range(), 1);
        fp8.added(groups, shape.width(), piece, weights, tokens, operations.residualScale());
    }

    private boolean combine(FeedForward.Sparse shape, Piece piece, long sorted, Tokens tokens, Routed routed,
            long norm) {
        Launcher launcher = operations.launcher();
        int topK = shape.router().topK();
        int hidden = operations.hidden();
        boolean plain = !shape.scalesInput() && piece.count() == shape.router().experts();
        Optional<Combine> combine = plain && operations.residualScale() == 1
                ? fast.combine(hidden, topK, norm != 0)
                : Optional.empty();
        if (combine.isEmpty()) {
            launcher.rows("combine_simple", "combine_simple", tokens.count(), ROW_THREADS, tokens.residual(), sorted,
                    hidden, routed.ids(), shape.scalesInput() ? 0L : routed.weights(), routed.slotRow(), topK,
                    piece.first(), piece.first() + piece.count(), operations.mlpShare());
            return false;
        }
        Combine.Parts parts = new Combine.Parts(sorted, routed.slotRow(), routed.weights());
        combine.get().apply(launcher.stream(), tokens.count(), tokens.residual(), parts, norm, tokens.normed(),
                (float) operations.norm().epsilon());
        return norm != 0;
    }

    private long bias(int layer, Name name, Piece piece, int width) {
        long all = vectors.of(layer, name);
        return all == 0 ? 0 : all + 4L * piece.first() * width;
    }

    private void gate(long both, long inner, int rows, int width, Activation activation, long range, int last) {
        operations.launcher().rows("gated", "gated", rows, ROW_THREADS, both, inner, width, activation.slope(),
                activation.offset(), activation.limit(), range, last);
    }

    /** The MLP that every token passes beside its experts. */
    void shared(FeedForward.Shared shape, Piece piece, long weights, Tokens tokens) {
        long inner = inner(shape.width(), Activation.SILU, piece, weights, tokens);
        int rows = tokens.count();
        int hidden = operations.hidden();
        if (!shape.gated()) {
            operations.projectOnto(tokens.residual(), inner, weights + piece.group(1), rows, shape.width(),
                    operations.mlpShare());
            return;
        }
        long out = operations.take((long) rows * hidden);
        long gates = operations.scratch().take(4L * rows);
        operations.project(inner, weights + piece.group(1), out, rows, hidden, shape.width());
        operations.project(tokens.normed(), hidden, weights + piece.group(2), gates, NumberType.FP32, rows, 1,
                hidden);
        operations.launcher().rows("add_rows", "add_rows", rows, ROW_THREADS, tokens.residual(), out, hidden, gates,
                operations.mlpShare());
    }

    /** The one MLP of a layer that does not route; norms its tokens first. */
    void dense(int layer, FeedForward.Dense shape, Piece piece, long weights, Tokens tokens) {
        operations.norm(tokens.residual(), tokens.normed(), tokens.count(), vectors.of(layer, Name.FEED_FORWARD_NORM),
                vectors.of(layer, Name.FEED_FORWARD_NORM_BIAS));
        long inner = inner(shape.width(), shape.activation(), piece, weights, tokens);
        operations.projectOnto(tokens.residual(), inner, weights + piece.group(1), tokens.count(), shape.width(),
                operations.mlpShare());
    }

    private long inner(int width, Activation activation, Piece piece, long weights, Tokens tokens) {
        long both = operations.take(2L * tokens.count() * width);
        long inner = operations.take((long) tokens.count() * width);
        operations.project(tokens.normed(), weights + piece.group(0), both, tokens.count(), 2 * width,
                operations.hidden());
        gate(both, inner, tokens.count(), width, activation, 0, 0);
        return inner;
    }
}
