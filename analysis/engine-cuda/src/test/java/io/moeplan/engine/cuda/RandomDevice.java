package io.moeplan.engine.cuda;

import io.moeplan.engine.cuda.DenseGemm.Matrix;
import io.moeplan.engine.cuda.Fp8GroupedGemm.Scaled;
import io.moeplan.engine.gemm.Precision;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/** A GPU with random matrices made on it, for benchmarks; all of them live until it is closed. */
final class RandomDevice implements AutoCloseable {
    final Cuda cuda;
    final Kernels kernels;
    final Stream stream;
    final Launcher launcher;
    final DenseGemm gemm;
    private static final float EPSILON = 1e-6f;

    private final List<AutoCloseable> kept = new ArrayList<>();
    private final Arena arena = Arena.ofConfined();
    private final MemorySegment pinned;
    private int seed;

    RandomDevice() throws Unavailable {
        cuda = Cuda.open(0);
        kernels = new Kernels(cuda);
        stream = new Stream(cuda);
        launcher = new Launcher(cuda, kernels, stream, Precision.BF16);
        gemm = new DenseGemm(cuda);
        MemorySegment out = arena.allocate(ValueLayout.ADDRESS);
        cuda.driver.call(cuda.driver.memHostAlloc, out, 16L << 20, 0);
        pinned = out.get(ValueLayout.ADDRESS, 0);
    }

    <T extends AutoCloseable> T keep(T resource) {
        kept.add(resource);
        return resource;
    }

    long room(long bytes) {
        return keep(new DeviceBuffer(cuda, bytes)).address();
    }

    /** Uniform in [-scale, scale). */
    long bf16(long count, float scale) {
        return random("random_bf16", count, 2, scale);
    }

    /** Uniform in [-scale, scale). */
    long floats(long count, float scale) {
        return random("random_float", count, 4, scale);
    }

    private long random(String kernel, long count, int bytes, float scale) {
        long to = room(count * bytes);
        kernels.get("random", kernel).launch(stream, new int[]{1024, 1, 1}, 256, 0, to, count, ++seed, scale);
        return to;
    }

    /** Room for e4m3 rows with a scale for each 128 columns. */
    Scaled scaled(long rows, long columns) {
        return new Scaled(room(rows * columns), room(rows * columns / 128 * 4));
    }

    Scaled scaledWeights(int experts, long rows, long columns) {
        long count = experts * rows * columns;
        return new Scaled(random("random_e4m3", count, 1, 1),
                floats(experts * Math.ceilDiv(rows, 128) * (columns / 128), 0.0002f));
    }

    long ints(int[] values) {
        long to = room(4L * values.length);
        try (Arena confined = Arena.ofConfined()) {
            MemorySegment host = confined.allocateFrom(ValueLayout.JAVA_INT, values);
            cuda.driver.call(cuda.driver.copyToDevice, to, host, host.byteSize(), stream.handle());
            stream.synchronize();
        }
        return to;
    }

    /** Queues a copy to pinned memory of the host. */
    void toHost(long from, long bytes) {
        cuda.driver.call(cuda.driver.copyToHost, pinned, from, bytes, stream.handle());
    }

    /**
     * Queues the norm of float32 rows.
     *
     * @param low receives what rounding takes away, 0 for nobody
     */
    void norm(int rows, int width, long from, long weight, long to, long low) {
        launcher.rows("norm", "norm_residual", rows, 256, from, to, low, weight, 0L, width, EPSILON);
    }

    /** A product with random weights into bf16. */
    Operation dense(String name, int rows, long from, int depth, int columns, long to) {
        return dense(name, rows, from, depth, columns, Matrix.of(to, rows, columns, DenseGemm.Type.BF16), false);
    }

    /** A product with random weights, added to float32. */
    Operation denseAdd(String name, int rows, long from, int depth, int columns, long to) {
        return dense(name, rows, from, depth, columns, Matrix.of(to, rows, columns, DenseGemm.Type.FLOAT32), true);
    }

    /** The same of rows that are {@code stride} elements apart. */
    Operation dense(String name, int rows, long from, long stride, int depth, int columns, long to) {
        Matrix a = new Matrix(from, rows, depth, stride, DenseGemm.Type.BF16);
        Matrix w = Matrix.of(bf16((long) columns * depth, 0.02f), columns, depth, DenseGemm.Type.BF16);
        Matrix c = Matrix.of(to, rows, columns, DenseGemm.Type.BF16);
        return Operation.product(name, 2.0 * rows * columns * depth, () -> gemm.multiply(stream, a, w, c, false));
    }

    /** Products of two matrices with the same random weights, both sums in float32. */
    Operation denseOfBoth(String name, int rows, long first, long second, int depth, int columns, long to) {
        Matrix w = Matrix.of(bf16((long) columns * depth, 0.02f), columns, depth, DenseGemm.Type.BF16);
        Matrix sums = Matrix.of(to, rows, columns, DenseGemm.Type.FLOAT32);
        return Operation.product(name, 4.0 * rows * columns * depth, () -> {
            gemm.multiply(stream, Matrix.of(first, rows, depth, DenseGemm.Type.BF16), w, sums, false);
            gemm.multiply(stream, Matrix.of(second, rows, depth, DenseGemm.Type.BF16), w, sums, true);
        });
    }

    private Operation dense(String name, int rows, long from, int depth, int columns, Matrix to, boolean add) {
        Matrix a = Matrix.of(from, rows, depth, DenseGemm.Type.BF16);
        Matrix w = Matrix.of(bf16((long) columns * depth, 0.02f), columns, depth, DenseGemm.Type.BF16);
        return Operation.product(name, 2.0 * rows * columns * depth, () -> gemm.multiply(stream, a, w, to, add));
    }

    @Override
    public void close() {
        kept.forEach(RandomDevice::free);
        cuda.driver.call(cuda.driver.memFreeHost, pinned);
        arena.close();
        gemm.close();
        stream.close();
        kernels.close();
        cuda.close();
    }

    private static void free(AutoCloseable resource) {
        try {
            resource.close();
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }
}
