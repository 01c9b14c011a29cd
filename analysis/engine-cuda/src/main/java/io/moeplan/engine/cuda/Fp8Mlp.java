package io.moeplan.engine.cuda;

import io.moeplan.engine.cuda.GroupedProduct.Groups;
import io.moeplan.engine.cuda.driver.Stream;
import io.moeplan.engine.cuda.kernels.FastKernels;
import io.moeplan.engine.cuda.kernels.Fp8GroupedGemm.Result;
import io.moeplan.engine.cuda.kernels.Fp8GroupedGemm.Scaled;
import io.moeplan.engine.cuda.kernels.GroupedGemm.Sizes;
import io.moeplan.engine.cuda.weights.Piece;

/** MLPs whose weights are stored in fp8 with block scales, multiplied in it: inputs are rounded to it in blocks of 128. */
final class Fp8Mlp {
    private static final int BLOCK = 128;

    private final Operations operations;
    private final FastKernels fast;

    Fp8Mlp(Operations operations, FastKernels fast) {
        this.operations = operations;
        this.fast = fast;
    }

    /**
     * Queues {@code down(silu(gate(x)) * up(x))} of normed tokens, sorted into rows.
     *
     * @param topK    rows of a token
     * @param slotRow where they are
     * @param piece   groups: bytes of gates and ups, bytes of downs, their scales
     * @param weights address of its unpacked weights
     * @return address of activations {@code [rows][hidden]}, times {@code NumberType.mlpScale}
     */
    long sorted(Groups groups, int topK, long slotRow, int width, Piece piece, long weights, Tokens tokens) {
        Scaled inner = inner(groups, topK, slotRow, width, piece, weights, tokens);
        long out = operations.take((long) groups.rows() * operations.hidden());
        down(Result.STORED, groups, inner, width, piece, weights, out, 1);
        return out;
    }

    /** Queues the same of one expert that takes all tokens, multiplied by {@code share} and added to their residual stream. */
    void added(Groups groups, int width, Piece piece, long weights, Tokens tokens, float share) {
        Scaled inner = inner(groups, 1, 0, width, piece, weights, tokens);
        down(Result.ADDED, groups, inner, width, piece, weights, tokens.residual(), share);
    }

    private Scaled inner(Groups groups, int topK, long slotRow, int width, Piece piece, long weights, Tokens tokens) {
        Stream stream = operations.launcher().stream();
        int rows = groups.rows();
        int hidden = operations.hidden();
        Scaled input = scaled(rows, hidden);
        Scaled inner = scaled(rows, width);
        fast.spreadFp8(hidden, topK).orElseThrow().apply(stream, tokens.count(), tokens.normed(), slotRow, input);
        fast.fp8(Result.GATED).multiply(stream, new Sizes(rows, groups.experts(), width, hidden), input,
                new Scaled(weights + piece.group(0), weights + piece.group(2)), groups.offsets(), inner);
        return inner;
    }

    private void down(Result result, Groups groups, Scaled inner, int width, Piece piece, long weights, long out,
            float share) {
        Sizes sizes = new Sizes(groups.rows(), groups.experts(), operations.hidden(), width);
        fast.fp8(result).multiply(operations.launcher().stream(), sizes, inner,
                new Scaled(weights + piece.group(1), weights + piece.group(3)), groups.offsets(), new Scaled(out, 0),
                share);
    }

    /** Room for fp8 rows and their scales. */
    private Scaled scaled(int rows, int width) {
        return new Scaled(operations.scratch().take((long) rows * width),
                operations.scratch().take(4L * rows * (width / BLOCK)));
    }
}
