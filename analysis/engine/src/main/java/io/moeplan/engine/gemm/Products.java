package io.moeplan.engine.gemm;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
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
    private static final int SIZES = 8;

    /**
     * Shapes, number types and strides (in elements) of a product.
     *
     * @param gated whether the result is {@code silu} of the product times a factor, contiguous float32
     */
    record Shape(int rows, int in, int out, Element input, long inputStride, Element output, long outputStride,
            OneDnn.Type weights, long weightsOutStride, long weightsInStride, boolean gated) {
        Shape withRows(int other) {
            return new Shape(other, in, out, input, inputStride, output, outputStride, weights, weightsOutStride,
                    weightsInStride, gated);
        }

        /** Bytes of a row of the factor. */
        long factorStride() {
            return gated ? (long) out * Element.F32.bytes() : 0;
        }
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
        Entry entry = entries.get(shape);
        if (entry == null) {
            entry = compile(shape, weights);
            entries.put(shape, entry);
        }
        if (entry.product == null) {
            return false;
        }
        long inputStep = entry.rows * shape.inputStride * shape.input.bytes();
        long outputStep = entry.rows * shape.outputStride * shape.output.bytes();
        for (int done = 0; done < shape.rows; done += entry.rows) {
            int step = done / entry.rows;
            library.run(entry.product, input.asSlice(step * inputStep), weights, output.asSlice(step * outputStep),
                    shape.gated ? factor.asSlice((long) done * shape.factorStride()) : factor);
        }
        return true;
    }

    private Entry compile(Shape shape, MemorySegment weights) {
        OneDnn.Product product = compile(shape);
        if (product == null || shape.rows == FEWEST_ROWS) {
            return new Entry(product, shape.rows);
        }
        OneDnn.Product smallest = compile(shape.withRows(FEWEST_ROWS));
        boolean agree = smallest != null && agree(shape, product, smallest, weights);
        return agree || smallest == null ? new Entry(product, shape.rows) : new Entry(smallest, FEWEST_ROWS);
    }

    private OneDnn.Product compile(Shape shape) {
        MemorySegment source = library.describe(shape.rows, shape.in, type(shape.input), shape.inputStride, 1);
        MemorySegment weights = library.describe(shape.in, shape.out, shape.weights, shape.weightsInStride,
                shape.weightsOutStride);
        MemorySegment result = library.describe(shape.rows, shape.out, type(shape.output), shape.outputStride, 1);
        MemorySegment factor = shape.gated
                ? library.describe(shape.rows, shape.out, OneDnn.Type.F32, shape.out, 1)
                : MemorySegment.NULL;
        OneDnn.Product product = library.compile(source, weights, result, factor);
        if (product == null) {
            library.free(source);
            library.free(weights);
            library.free(result);
            if (shape.gated) {
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
            MemorySegment factor = shape.gated
                    ? sameRows(arena, Element.F32, shape.rows, shape.out, shape.out)
                    : MemorySegment.NULL;
            MemorySegment output = arena.allocate(shape.rows * shape.outputStride * shape.output.bytes(), 64);
            library.run(smallest, input, weights, output, factor);
            long bytes = (long) shape.out * shape.output.bytes();
            MemorySegment expected = arena.allocate(bytes).copyFrom(output.asSlice(0, bytes));
            library.run(product, input, weights, output, factor);
            for (int row = 0; row < shape.rows; row++) {
                long at = row * shape.outputStride * shape.output.bytes();
                if (expected.mismatch(output.asSlice(at, bytes)) >= 0) {
                    return false;
                }
            }
            return true;
        }
    }

    private static MemorySegment sameRows(Arena arena, Element element, int rows, int width, long stride) {
        Random random = new Random(width);
        long bytes = stride * element.bytes();
        MemorySegment same = arena.allocate(rows * bytes, 64);
        for (int i = 0; i < width; i++) {
            int bits = Float.floatToRawIntBits((float) random.nextGaussian());
            if (element == Element.BF16) {
                same.setAtIndex(ValueLayout.JAVA_SHORT, i, (short) (bits >> 16));
            } else {
                same.setAtIndex(ValueLayout.JAVA_INT, i, bits);
            }
        }
        for (int row = 1; row < rows; row++) {
            MemorySegment.copy(same, 0, same, row * bytes, (long) width * element.bytes());
        }
        return same;
    }
}
