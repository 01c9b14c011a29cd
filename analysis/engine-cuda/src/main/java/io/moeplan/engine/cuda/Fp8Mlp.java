package io.moeplan.engine.cuda;

import io.moeplan.engine.cuda.Fp8GroupedGemm.Scaled;
import io.moeplan.engine.cuda.GroupedGemm.Sizes;

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
     * @param slotRow where they are; 0 for one row a token, in the tokens' order
     * @param piece   groups: bytes of gates and ups, bytes of downs, their scales
     * @param weights address of its unpacked weights
     * @return address of bf16 {@code [rows][hidden]}
     */
    long mlp(GroupedProduct.Groups groups, int topK, long slotRow, int width, Piece piece, long weights,
            Tokens tokens) {
        Stream stream = operations.launcher().stream();
        int rows = groups.rows();
        int hidden = operations.hidden();
        Scaled sorted = scaled(rows, hidden);
        Scaled inner = scaled(rows, width);
        long out = operations.take((long) rows * hidden);
        fast.spreadFp8(hidden, topK).orElseThrow().apply(stream, tokens.count(), tokens.normed(), slotRow, sorted);
        fast.fp8(true).multiply(stream, new Sizes(rows, groups.experts(), width, hidden), sorted,
                new Scaled(weights + piece.group(0), weights + piece.group(2)), groups.offsets(), inner);
        fast.fp8(false).multiply(stream, new Sizes(rows, groups.experts(), hidden, width), inner,
                new Scaled(weights + piece.group(1), weights + piece.group(3)), groups.offsets(), new Scaled(out, 0));
        return out;
    }

    /** Room for fp8 rows and their scales. */
    private Scaled scaled(int rows, int width) {
        return new Scaled(operations.scratch().take((long) rows * width),
                operations.scratch().take(4L * rows * (width / BLOCK)));
    }
}
