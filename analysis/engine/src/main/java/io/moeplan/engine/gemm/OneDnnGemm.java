package io.moeplan.engine.gemm;

import io.moeplan.tensors.matrix.Matrix;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Optional;

/**
 * Products computed by oneDNN. Weights are used as they lie in the checkpoint where oneDNN can (it reorders them blockwise
 * into the cache as it goes; reordering them beforehand does not pay when a layer multiplies with them once), others are
 * decoded a panel at a time.
 */
final class OneDnnGemm implements Gemm {
    /** A panel of decoded weights stays in a core's own cache while it is multiplied with. */
    private static final int PANEL_BYTES = 1 << 20;
    private static final int PANEL_STEP = 64;

    private final OneDnn oneDnn;
    private final Products products;
    private final Precision precision;
    private final String reason;

    OneDnnGemm(OneDnn oneDnn, Products products, Precision precision, String reason) {
        this.oneDnn = oneDnn;
        this.products = products;
        this.precision = precision;
        this.reason = reason;
    }

    @Override
    public String name() {
        String instructions = precision == Precision.FP32 && oneDnn.hasBf16() ? "AVX-512" : oneDnn.instructions();
        return "oneDNN " + (precision == Precision.BF16 ? "bf16" : "float32") + " (" + instructions + ")";
    }

    @Override
    public String reason() {
        return reason;
    }

    @Override
    public Precision precision() {
        return precision;
    }

    @Override
    public Element input() {
        return precision == Precision.BF16 ? Element.BF16 : Element.F32;
    }

    @Override
    public int room(int rows) {
        int whole = rows / Products.MOST_ROWS * Products.MOST_ROWS;
        return rows == whole ? rows : whole + Products.roundUp(rows - whole);
    }

    @Override
    public void multiply(Matrix weight, Part part, Rows x, Rows y) {
        Shapes.check(weight, part, x, y);
        Optional<Stored> stored = Stored.of(weight, precision).map(whole -> whole.part(part));
        for (int from = 0; from < x.rows(); from += Products.MOST_ROWS) {
            int rows = Math.min(Products.MOST_ROWS, x.rows() - from);
            Rows input = input(x.slice(from, rows));
            Rows wanted = y.slice(from, rows);
            boolean direct = wanted.data().isNative() && wanted.room() >= room(rows);
            Rows output = direct
                    ? wanted
                    : NativeScratch.ofThread().rows(NativeScratch.Use.OUTPUT, Element.F32, room(rows), y.width());
            if (stored.isEmpty() || !product(stored.get(), part.outs(), input, output, 0, Products.Then.SET)) {
                decoded(weight, part, input, output, rows, from == 0);
            }
            if (!direct) {
                copy(output, wanted);
            }
        }
    }

    @Override
    public boolean multiplyGated(Matrix gate, Matrix up, Rows x, Rows y) {
        Shapes.checkGated(gate, up, x, y);
        Optional<Stored> gates = Stored.of(gate, precision);
        Optional<Stored> ups = Stored.of(up, precision);
        if (gates.isEmpty() || ups.isEmpty() || y.element() != input() || !y.data().isNative()) {
            return false;
        }
        for (int from = 0; from < x.rows(); from += Products.MOST_ROWS) {
            int rows = Math.min(Products.MOST_ROWS, x.rows() - from);
            Rows input = input(x.slice(from, rows));
            Rows output = y.slice(from, rows);
            Rows factor = NativeScratch.ofThread().rows(NativeScratch.Use.OUTPUT, Element.F32, room(rows), y.width());
            if (output.room() < room(rows)
                    || !product(ups.get(), up.rows(), input, factor, 0, Products.Then.SET)
                    || !products.multiply(shape(gates.get(), gate.rows(), input, output, Products.Then.GATE), rows,
                            input.data(), gates.get().data(), output.data(), factor.data())) {
                return false;
            }
        }
        return true;
    }

    @Override
    public boolean multiplyAdding(Matrix weight, Part part, Rows x, Rows y) {
        Shapes.check(weight, part, x, y);
        Optional<Stored> stored = Stored.of(weight, precision).map(whole -> whole.part(part));
        // all or nothing, so that the first rows are not added to when the last ones cannot be
        if (stored.isEmpty() || !y.data().isNative() || y.room() < room(y.rows()) || y.rows() > Products.MOST_ROWS) {
            return false;
        }
        return y.rows() == 0 || product(stored.get(), part.outs(), input(x), y, 0, Products.Then.ADD);
    }

    /** {@code x} as {@link #input} in native memory with room for padding: itself, or a copy in this thread's scratch. */
    private Rows input(Rows x) {
        int room = room(x.rows());
        if (x.element() == input() && x.data().isNative() && x.room() >= room) {
            return x;
        }
        Rows scratch = NativeScratch.ofThread().rows(NativeScratch.Use.INPUT, input(), room, x.width())
                .withRows(x.rows());
        if (x.element() == input()) {
            copy(x, scratch);
        } else if (input() == Element.BF16) {
            Bf16.round(x, scratch);
        } else {
            Bf16.widen(x, scratch);
        }
        return scratch;
    }

    /** Copies the rows that are in use in {@code into}. */
    static void copy(Rows from, Rows into) {
        long bytes = (long) into.width() * into.element().bytes();
        for (int row = 0; row < into.rows(); row++) {
            MemorySegment.copy(from.data(), from.at(row), into.data(), into.at(row), bytes);
        }
    }

    /** Computes columns {@code [column, column + out)} of the output; false if oneDNN cannot from such weights. */
    private boolean product(Stored weights, int out, Rows input, Rows output, int column, Products.Then then) {
        MemorySegment columns = column == 0
                ? output.data()
                : output.data().asSlice((long) column * Element.F32.bytes());
        return products.multiply(shape(weights, out, input, output, then), input.rows(), input.data(), weights.data(),
                columns, MemorySegment.NULL);
    }

    private Products.Shape shape(Stored weights, int out, Rows input, Rows output, Products.Then then) {
        return new Products.Shape(room(input.rows()), input.width(), out, input(), input.stride(), output.element(),
                output.stride(), weights.type(), weights.outStride(), weights.inStride(), then);
    }

    @Override
    public int decodedTogether(Matrix weight) {
        return Stored.of(weight, precision).isPresent() ? 0 : panel(decoded(weight), weight.columns());
    }

    /** What a matrix is decoded to. */
    private Element decoded(Matrix weight) {
        return precision == Precision.BF16 || Bf16Decoder.isExact(weight) ? Element.BF16 : Element.F32;
    }

    /** Outputs of a panel of decoded weights. */
    private static int panel(Element element, int in) {
        return Math.max(PANEL_STEP, PANEL_BYTES / (in * element.bytes()) / PANEL_STEP * PANEL_STEP);
    }

    /** @param first whether no rows of this call have been multiplied yet: a single panel is still there for the next ones */
    private void decoded(Matrix weight, Part part, Rows input, Rows output, int rows, boolean first) {
        int in = part.ins();
        Element element = decoded(weight);
        int panel = panel(element, in);
        for (int column = 0; column < part.outs(); column += panel) {
            int out = Math.min(panel, part.outs() - column);
            Rows scratch = NativeScratch.ofThread().rows(NativeScratch.Use.WEIGHT, element, out, in);
            if (!first && part.outs() <= panel) {
                // decoded for the rows before
            } else if (element == Element.BF16) {
                Bf16Decoder.ofThread().decode(weight, part.out() + column, part.in(), scratch);
            } else {
                decode(weight, part.out() + column, part.in(), scratch);
            }
            if (!product(Stored.of(scratch), out, input, output, column, Products.Then.SET)) {
                throw new IllegalStateException("oneDNN has no product of " + precision + " [" + rows + ", " + in
                        + "] with [" + out + ", " + in + "]; -Dmoeplan.gemm=plain does without it");
            }
        }
    }

    /** Sets all of {@code into}, float32, to the part of the matrix that begins at this row and column. */
    private static void decode(Matrix weight, int fromRow, int fromColumn, Rows into) {
        float[][] floats = DecodedRows.ofThread(into.width());
        for (int row = 0; row < into.rows(); row += floats.length) {
            int some = Math.min(floats.length, into.rows() - row);
            weight.readRows(fromRow + row, some, fromColumn, into.width(), floats);
            for (int i = 0; i < some; i++) {
                MemorySegment.copy(floats[i], 0, into.data(), ValueLayout.JAVA_FLOAT, into.at(row + i), into.width());
            }
        }
    }
}
