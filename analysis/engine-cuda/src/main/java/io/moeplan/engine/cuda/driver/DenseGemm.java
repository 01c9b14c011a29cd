package io.moeplan.engine.cuda.driver;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HashMap;
import java.util.Map;

/**
 * Dense matrix products through cuBLASLt. What it takes for a shape is chosen by the library when that shape first comes
 * and kept. For one thread and one stream at a time: all products share a workspace.
 */
public final class DenseGemm implements AutoCloseable {
    /** Enough for every Hopper kernel that splits sums. */
    private static final long WORKSPACE = 64L << 20;
    private static final int COMPUTE_FLOAT32 = 68;
    private static final int TRANSPOSE_A = 3;
    private static final int MAX_WORKSPACE_BYTES = 1;
    private static final int FIRST_MIN_ALIGNMENT = 5;
    /** The chosen algorithm comes first in a heuristic's result. */
    private static final long HEURISTIC_BYTES = 96;

    private final CublasLt lt;
    private final Arena arena = Arena.ofShared();
    private final Map<Shape, Choice> choices = new HashMap<>();
    private final DeviceBuffer workspace;
    private final MemorySegment handle;
    private final MemorySegment one;
    private final MemorySegment zero;

    /**
     * A row-major matrix in device memory.
     *
     * @param stride elements from a row to the next
     */
    public record Matrix(long address, long rows, long columns, long stride, NumberType type) {
        public static Matrix of(long address, long rows, long columns, NumberType type) {
            return new Matrix(address, rows, columns, columns, type);
        }
    }

    private record Shape(Layout a, Layout w, Layout c, boolean accumulate) {}

    /** @param alignment of the first element, in bytes, 256 at most */
    private record Layout(long rows, long columns, long stride, NumberType type, int alignment) {
        static Layout of(Matrix m) {
            return new Layout(m.rows, m.columns, m.stride, m.type, (int) Math.min(256, Long.lowestOneBit(m.address)));
        }
    }

    private record Choice(MemorySegment operation, MemorySegment a, MemorySegment w, MemorySegment c,
            MemorySegment algorithm) {}

    /** @throws Unavailable if there is no cuBLASLt */
    public DenseGemm(Cuda cuda) throws Unavailable {
        lt = CublasLt.load(LibraryFinder.ofProcess());
        MemorySegment out = arena.allocate(ValueLayout.ADDRESS);
        lt.call(lt.create, out);
        handle = out.get(ValueLayout.ADDRESS, 0);
        workspace = new DeviceBuffer(cuda, WORKSPACE);
        one = arena.allocateFrom(ValueLayout.JAVA_FLOAT, 1f);
        zero = arena.allocateFrom(ValueLayout.JAVA_FLOAT, 0f);
    }

    /**
     * Queues {@code c[m][n] = sum over k of a[m][k] * w[n][k]}, summed in float32; of float32 matrices exactly so, without
     * the matrix units' short formats.
     *
     * @param accumulate whether it is added to what {@code c} holds
     * @throws CudaException if cuBLASLt has nothing for these shapes and types
     */
    public void multiply(Stream stream, Matrix a, Matrix w, Matrix c, boolean accumulate) {
        multiply(stream, a, w, c, accumulate, one);
    }

    /** Queues {@code c += scale * a * w^T}, otherwise as {@link #multiply}. */
    public void add(Stream stream, Matrix a, Matrix w, Matrix c, float scale) {
        try (Arena scalar = Arena.ofConfined()) {
            multiply(stream, a, w, c, true, scalar.allocateFrom(ValueLayout.JAVA_FLOAT, scale));
        }
    }

    private void multiply(Stream stream, Matrix a, Matrix w, Matrix c, boolean accumulate, MemorySegment scale) {
        if (a.columns != w.columns || a.rows != c.rows || w.rows != c.columns) {
            throw new IllegalArgumentException("no product of " + a + " and " + w + " into " + c);
        }
        Choice choice = choices.computeIfAbsent(new Shape(Layout.of(a), Layout.of(w), Layout.of(c), accumulate),
                this::choose);
        lt.call(lt.matmul, handle, choice.operation, scale, w.address, choice.w, a.address, choice.a,
                accumulate ? one : zero, c.address, choice.c, c.address, choice.c, choice.algorithm,
                workspace.address(), WORKSPACE, stream.handle());
    }

    /** Row-major matrices are cuBLAS's column-major ones transposed: c' = w a', with w' as it lies in memory. */
    private Choice choose(Shape shape) {
        MemorySegment out = arena.allocate(ValueLayout.ADDRESS);
        lt.call(lt.matmulDescCreate, out, COMPUTE_FLOAT32, NumberType.FP32.code());
        MemorySegment operation = out.get(ValueLayout.ADDRESS, 0);
        lt.call(lt.matmulDescSetAttribute, operation, TRANSPOSE_A, arena.allocateFrom(ValueLayout.JAVA_INT, 1), 4L);
        MemorySegment a = layout(shape.a);
        MemorySegment w = layout(shape.w);
        MemorySegment c = layout(shape.c);
        lt.call(lt.preferenceCreate, out);
        MemorySegment preference = out.get(ValueLayout.ADDRESS, 0);
        lt.call(lt.preferenceSetAttribute, preference, MAX_WORKSPACE_BYTES,
                arena.allocateFrom(ValueLayout.JAVA_LONG, WORKSPACE), 8L);
        int[] alignments = {shape.w.alignment, shape.a.alignment, shape.c.alignment, shape.c.alignment};
        for (int i = 0; i < alignments.length; i++) {
            lt.call(lt.preferenceSetAttribute, preference, FIRST_MIN_ALIGNMENT + i,
                    arena.allocateFrom(ValueLayout.JAVA_INT, alignments[i]), 4L);
        }
        MemorySegment algorithm = arena.allocate(HEURISTIC_BYTES, 8);
        MemorySegment found = arena.allocate(ValueLayout.JAVA_INT);
        lt.call(lt.algoGetHeuristic, handle, operation, w, a, c, c, preference, 1, algorithm, found);
        lt.call(lt.preferenceDestroy, preference);
        if (found.get(ValueLayout.JAVA_INT, 0) == 0) {
            throw new CudaException("cuBLASLt has no algorithm for " + shape);
        }
        return new Choice(operation, a, w, c, algorithm);
    }

    private MemorySegment layout(Layout matrix) {
        MemorySegment out = arena.allocate(ValueLayout.ADDRESS);
        lt.call(lt.matrixLayoutCreate, out, matrix.type.code(), matrix.columns, matrix.rows, matrix.stride);
        return out.get(ValueLayout.ADDRESS, 0);
    }

    @Override
    public void close() {
        for (Choice choice : choices.values()) {
            lt.call(lt.matmulDescDestroy, choice.operation);
            lt.call(lt.matrixLayoutDestroy, choice.a);
            lt.call(lt.matrixLayoutDestroy, choice.w);
            lt.call(lt.matrixLayoutDestroy, choice.c);
        }
        choices.clear();
        lt.call(lt.destroy, handle);
        workspace.close();
        arena.close();
    }
}
