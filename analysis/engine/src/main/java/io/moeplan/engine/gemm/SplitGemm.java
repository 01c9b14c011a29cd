package io.moeplan.engine.gemm;

import io.moeplan.tensors.matrix.Matrix;

/**
 * Products of float32 activations with bfloat16 weights by two bfloat16 products: activations are the sum of what they round
 * to and what the rest rounds to, so 16 of 24 bits of their mantissas count rather than 8. Where bfloat16 products are more
 * than twice as fast as float32 ones (AMX: about seven times), that is most of float32's precision at a fraction of its
 * price. Weights in another format are left to float32.
 */
final class SplitGemm implements Gemm {
    private final OneDnnGemm rounded;
    private final Gemm exact;

    /**
     * Two products for one.
     *
     * @param rounded computes in bfloat16
     * @param exact   computes in float32, with the same room
     */
    SplitGemm(OneDnnGemm rounded, Gemm exact) {
        this.rounded = rounded;
        this.exact = exact;
    }

    @Override
    public String name() {
        return rounded.name() + ", activations split in two";
    }

    @Override
    public String reason() {
        return rounded.reason();
    }

    @Override
    public Precision precision() {
        return Precision.BF16;
    }

    @Override
    public Element input() {
        return Element.F32;
    }

    @Override
    public int room(int rows) {
        return rounded.room(rows);
    }

    @Override
    public void multiply(Matrix weight, Part part, Rows x, Rows y) {
        Shapes.check(weight, part, x, y);
        if (!splits(weight, x)) {
            (x.element() == Element.BF16 ? rounded : exact).multiply(weight, part, x, y);
            return;
        }
        for (int from = 0; from < x.rows(); from += Products.MOST_ROWS) {
            int rows = Math.min(Products.MOST_ROWS, x.rows() - from);
            Rows some = y.slice(from, rows);
            Halves halves = Halves.of(x.slice(from, rows), room(rows));
            boolean direct = some.data().isNative() && some.room() >= room(rows);
            Rows sum = direct
                    ? some
                    : scratch(NativeScratch.Use.SUM, Element.F32, rows, room(rows), y.width());
            rounded.multiply(weight, part, halves.high, sum);
            if (!rounded.multiplyAdding(weight, part, halves.low, sum)) {
                exact.multiply(weight, part, x.slice(from, rows), sum);
            }
            if (!direct) {
                OneDnnGemm.copy(sum, some);
            }
        }
    }

    @Override
    public boolean multiplyAdding(Matrix weight, Part part, Rows x, Rows y) {
        Shapes.check(weight, part, x, y);
        if (!splits(weight, x)) {
            return (x.element() == Element.BF16 ? rounded : exact).multiplyAdding(weight, part, x, y);
        }
        Halves halves = Halves.of(x, room(x.rows()));
        // of one shape, so it can add both or neither
        return rounded.multiplyAdding(weight, part, halves.high, y)
                && rounded.multiplyAdding(weight, part, halves.low, y);
    }

    private static boolean splits(Matrix weight, Rows x) {
        return x.element() == Element.F32 && Stored.of(weight, Precision.BF16).isPresent();
    }

    private static Rows scratch(NativeScratch.Use use, Element element, int rows, int room, int width) {
        return NativeScratch.ofThread().rows(use, element, room, width).withRows(rows);
    }

    private record Halves(Rows high, Rows low) {
        static Halves of(Rows x, int room) {
            Halves halves = new Halves(scratch(NativeScratch.Use.HIGH, Element.BF16, x.rows(), room, x.width()),
                    scratch(NativeScratch.Use.LOW, Element.BF16, x.rows(), room, x.width()));
            Bf16.split(x, halves.high, halves.low);
            return halves;
        }
    }
}
