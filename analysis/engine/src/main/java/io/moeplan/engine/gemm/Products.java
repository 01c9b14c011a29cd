package io.moeplan.engine.gemm;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

/**
 * The products that oneDNN has compiled, by shape; a process needs a few for every kind of projection.
 *
 * <p>oneDNN chooses a blocking for every shape and so might sum in another order when there are more rows. Every product is
 * therefore tried out when it is compiled: all its rows have to give what the smallest product gives, bit for bit. One that
 * does not is not used; the smallest is run over its rows instead.
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

        /** Bytes of a row of the factor. */
        long factorStride() {
            return gated() ? (long) out * Element.F32.bytes() : 0;
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
    private record Entry(OneDnn.Product product, int rows) {}

    private final OneDnn library;
    private final ConcurrentMap<Shape, Entry> entries = new ConcurrentHashMap<>();

    Products(OneDnn library) {
        this.library = library;
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
     * @param factor {@code [rows][out]}; not looked at unless the product is gated
     */
    boolean multiply(Shape shape, MemorySegment input, MemorySegment weights, MemorySegment output,
            MemorySegment factor) {
        Entry entry = entry(shape, weights);
        if (entry.product == null) {
            return false;
        }
        if (entry.rows == shape.rows) {
            library.run(entry.product, input, weights, output, factor);
            return true;
        }
        long inputStep = entry.rows * shape.inputStride * shape.input.bytes();
        long outputStep = entry.rows * shape.outputStride * shape.output.bytes();
        for (int done = 0; done < shape.rows; done += entry.rows) {
            int step = done / entry.rows;
            library.run(entry.product, input.asSlice(step * inputStep), weights, output.asSlice(step * outputStep),
                    shape.gated() ? factor.asSlice(done * shape.factorStride()) : factor);
        }
        return true;
    }

    private Entry entry(Shape shape, MemorySegment weights) {
        Entry known = entries.get(shape);
        if (known != null) {
            return known;
        }
        Entry made = compile(shape, weights);
        entries.put(shape, made);
        return made;
    }

    private Entry compile(Shape shape, MemorySegment weights) {
        OneDnn.Product product = compile(shape);
        if (product == null || shape.rows == FEWEST_ROWS) {
            return new Entry(product, shape.rows);
        }
        Entry smallest = entry(shape.withRows(FEWEST_ROWS), weights);
        boolean agree = smallest.product == null || agree(shape, product, smallest.product, weights);
        return agree ? new Entry(product, shape.rows) : smallest;
    }

    private OneDnn.Product compile(Shape shape) {
        MemorySegment source = library.describe(shape.rows, shape.in, type(shape.input), shape.inputStride, 1);
        MemorySegment weights = library.describe(shape.in, shape.out, shape.weights, shape.weightsInStride,
                shape.weightsOutStride);
        MemorySegment result = library.describe(shape.rows, shape.out, type(shape.output), shape.outputStride, 1);
        MemorySegment factor = shape.gated()
                ? library.describe(shape.rows, shape.out, OneDnn.Type.F32, shape.out, 1)
                : MemorySegment.NULL;
        OneDnn.Product product = library.compile(source, weights, result, factor, shape.then == Then.ADD);
        if (product == null) {
            library.free(source);
            library.free(weights);
            library.free(result);
            if (shape.gated()) {
                library.free(factor);
            }
        }
        return product;
    }

    private static OneDnn.Type type(Element element) {
        return element == Element.BF16 ? OneDnn.Type.BF16 : OneDnn.Type.F32;
    }

    /** Whether every row of the product gives what the first of the smallest gives. */
    private boolean agree(Shape shape, OneDnn.Product product, OneDnn.Product smallest, MemorySegment weights) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment input = sameRows(arena, shape.input, shape.rows, shape.in, shape.inputStride);
            MemorySegment factor = shape.gated()
                    ? sameRows(arena, Element.F32, shape.rows, shape.out, shape.out)
                    : MemorySegment.NULL;
            long bytes = shape.outputStride * shape.output.bytes();
            MemorySegment expected = arena.allocate(FEWEST_ROWS * bytes, 64);
            library.run(smallest, input, weights, expected, factor);
            MemorySegment output = arena.allocate(shape.rows * bytes, 64);
            library.run(product, input, weights, output, factor);
            // the first row is as expected, and each of the others is as the one before it
            return MemorySegment.mismatch(output, 0, bytes, expected, 0, bytes) < 0
                    && MemorySegment.mismatch(output, bytes, shape.rows * bytes, output, 0,
                            (shape.rows - 1) * bytes) < 0;
        }
    }

    private static MemorySegment sameRows(Arena arena, Element element, int rows, int width, long stride) {
        float[] row = new float[width];
        int bits = width;
        for (int i = 0; i < width; i++) {
            bits = bits * 1664525 + 1013904223;
            row[i] = bits * 0x1p-31f;
        }
        long bytes = stride * element.bytes();
        MemorySegment same = arena.allocate(rows * bytes, 64);
        if (element == Element.BF16) {
            Bf16.round(row, width, same, 0);
        } else {
            MemorySegment.copy(row, 0, same, ValueLayout.JAVA_FLOAT, 0, width);
        }
        for (long done = bytes; done < rows * bytes; done *= 2) {
            MemorySegment.copy(same, 0, same, done, Math.min(done, rows * bytes - done));
        }
        return same;
    }
}
