package io.moeplan.engine.gemm;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.stream.IntStream;

/**
 * The products that oneDNN has compiled, by shape; a process needs a few for every kind of projection.
 *
 * <p>oneDNN chooses a blocking for every shape and so might sum in another order when there are more rows. The first results
 * of every product are therefore compared with those of the smallest: its first, middle and last rows have to be the same,
 * bit for bit. If they are not, the product is never used again; the smallest is run over all rows instead.
 */
final class Products {
    /** Rows of the smallest product, and what the rows of all others are a multiple of: the height of an AMX tile. */
    static final int FEWEST_ROWS = 16;
    /** Rows of the largest product: with this many, reordering the weights costs little beside multiplying. */
    static final int MOST_ROWS = 1024;
    /** Sizes between one power of two and the next: fewer waste rows on padding, more have to be compiled. */
    private static final int SIZES = 16;

    /**
     * Shapes, number types and strides (in elements) of a product.
     *
     * @param then what becomes of the product
     */
    record Shape(int rows, int in, int out, Element input, long inputStride, Element output, long outputStride,
            OneDnn.Type weights, long weightsOutStride, long weightsInStride, Then then) {
        Shape withRows(int other) {
            return new Shape(other, in, out, input, inputStride, output, outputStride, weights, weightsOutStride,
                    weightsInStride, then);
        }

        boolean gated() {
            return then == Then.GATE;
        }

        /** Bytes from row to row. */
        long inputBytes() {
            return inputStride * input.bytes();
        }

        /** Bytes from row to row. */
        long outputBytes() {
            return outputStride * output.bytes();
        }

        /** Bytes from the first to the last number of so many rows. */
        long outputBytes(int count) {
            return (count - 1) * outputBytes() + (long) out * output.bytes();
        }

        /** Bytes from row to row. */
        long factorBytes() {
            return (long) out * Element.F32.bytes();
        }
    }

    /** What becomes of a product. */
    enum Then {
        /** It is the result. */
        SET,
        /** It is added to the result. */
        ADD,
        /** {@code silu} of it times a factor, contiguous float32, is the result. */
        GATE
    }

    /** @param product null if oneDNN has none that is fast */
    private record Entry(OneDnnProduct product, int rows) {}

    private final OneDnn oneDnn;
    private final ConcurrentMap<Shape, Entry> entries = new ConcurrentHashMap<>();

    Products(OneDnn oneDnn) {
        this.oneDnn = oneDnn;
    }

    /** The rows of the product that so many rows are multiplied with, at most {@link #MOST_ROWS} of them. */
    static int roundUp(int rows) {
        int step = Math.max(FEWEST_ROWS, Integer.highestOneBit(Math.max(1, rows - 1)) / SIZES);
        return Math.ceilDiv(rows, step) * step;
    }

    /**
     * Multiplies native memory, or returns false if oneDNN has no fast product for such matrices.
     *
     * @param shape  its rows as {@link #roundUp} gives them
     * @param used   rows that are no padding
     * @param factor {@code [rows][out]}; not looked at unless the product is gated
     */
    boolean multiply(Shape shape, int used, MemorySegment input, MemorySegment weights, MemorySegment output,
            MemorySegment factor) {
        Operands operands = new Operands(input, weights, output, factor);
        Entry entry = entries.get(shape);
        if (entry == null) {
            entry = first(shape, used, operands);
            entries.put(shape, entry);
        } else if (entry.product != null) {
            run(entry, shape, operands, shape.rows);
        }
        return entry.product != null;
    }

    /** What a product is of, and where its result goes. */
    private record Operands(MemorySegment input, MemorySegment weights, MemorySegment output, MemorySegment factor) {
        Operands from(int row, Shape shape) {
            return row == 0
                    ? this
                    : new Operands(input.asSlice(row * shape.inputBytes()), weights,
                            output.asSlice(row * shape.outputBytes()),
                            shape.gated() ? factor.asSlice(row * shape.factorBytes()) : factor);
        }

        Operands into(MemorySegment other) {
            return new Operands(input, weights, other, factor);
        }
    }

    private void run(Entry entry, Shape shape, Operands operands, int rows) {
        for (int done = 0; done < rows; done += entry.rows) {
            Operands some = operands.from(done, shape);
            entry.product.run(some.input, some.weights, some.output, some.factor);
        }
    }

    /** Compiles a product, runs it and looks whether it is one to be used again. */
    private Entry first(Shape shape, int used, Operands operands) {
        Entry entry = new Entry(compile(shape), shape.rows);
        if (entry.product == null || shape.rows == FEWEST_ROWS) {
            if (entry.product != null) {
                run(entry, shape, operands, shape.rows);
            }
            return entry;
        }
        Entry smallest = entries.computeIfAbsent(shape.withRows(FEWEST_ROWS),
                small -> new Entry(compile(small), FEWEST_ROWS));
        try (Arena arena = Arena.ofConfined()) {
            boolean adds = shape.then == Then.ADD;
            long bytes = shape.outputBytes(shape.rows);
            MemorySegment before = adds
                    ? arena.allocate(bytes, 64).copyFrom(operands.output.asSlice(0, bytes))
                    : operands.output;
            run(entry, shape, operands, shape.rows);
            int last = Math.max(0, used - FEWEST_ROWS);
            if (IntStream.of(0, last / 2, last).allMatch(row -> agree(smallest, shape, row, operands, before))) {
                return entry;
            }
            if (adds) {
                operands.output.copyFrom(before);
            }
            run(smallest, shape, operands, shape.rows);
            return smallest;
        }
    }

    /**
     * Whether the smallest product gives for rows from this one on what is in the output.
     *
     * @param before what it adds to, or anything with the same gaps between the rows if it does not add
     */
    private boolean agree(Entry smallest, Shape shape, int row, Operands operands, MemorySegment before) {
        if (smallest.product == null) {
            return true;
        }
        long bytes = shape.outputBytes(FEWEST_ROWS);
        long at = row * shape.outputBytes();
        MemorySegment trial = NativeScratch.ofThread().bytes(NativeScratch.Use.TRIAL, bytes);
        MemorySegment.copy(before, at, trial, 0, bytes);
        run(smallest, shape, operands.from(row, shape).into(trial), FEWEST_ROWS);
        return MemorySegment.mismatch(trial, 0, bytes, operands.output, at, at + bytes) < 0;
    }

    private OneDnnProduct compile(Shape shape) {
        MemorySegment source = oneDnn.describe(shape.rows, shape.in, type(shape.input), shape.inputStride, 1);
        MemorySegment weights = oneDnn.describe(shape.in, shape.out, shape.weights, shape.weightsInStride,
                shape.weightsOutStride);
        MemorySegment result = oneDnn.describe(shape.rows, shape.out, type(shape.output), shape.outputStride, 1);
        MemorySegment factor = shape.gated()
                ? oneDnn.describe(shape.rows, shape.out, OneDnn.Type.F32, shape.out, 1)
                : MemorySegment.NULL;
        OneDnnProduct product = oneDnn.compile(source, weights, result, factor, shape.then == Then.ADD);
        if (product == null) {
            oneDnn.free(source);
            oneDnn.free(weights);
            oneDnn.free(result);
            if (shape.gated()) {
                oneDnn.free(factor);
            }
        }
        return product;
    }

    private static OneDnn.Type type(Element element) {
        return element == Element.BF16 ? OneDnn.Type.BF16 : OneDnn.Type.F32;
    }
}
