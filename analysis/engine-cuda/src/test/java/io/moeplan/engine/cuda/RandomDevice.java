package io.moeplan.engine.cuda;

import io.moeplan.engine.cuda.driver.Cuda;
import io.moeplan.engine.cuda.driver.DenseGemm;
import io.moeplan.engine.cuda.driver.DenseGemm.Matrix;
import io.moeplan.engine.cuda.driver.DeviceBuffer;
import io.moeplan.engine.cuda.driver.Kernels;
import io.moeplan.engine.cuda.driver.Launcher;
import io.moeplan.engine.cuda.driver.NumberType;
import io.moeplan.engine.cuda.driver.PinnedBuffer;
import io.moeplan.engine.cuda.driver.Stream;
import io.moeplan.engine.cuda.driver.Unavailable;
import io.moeplan.engine.cuda.kernels.Fp8GroupedGemm.Scaled;
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
    private final PinnedBuffer pinned;
    private int seed;

    /** @param args of a benchmark: {@code bf16} among them for that, else float16 */
    RandomDevice(String... args) throws Unavailable {
        cuda = Cuda.open(0);
        kernels = new Kernels(cuda, type(args));
        stream = new Stream(cuda);
        launcher = new Launcher(cuda, kernels, stream);
        gemm = new DenseGemm(cuda);
        pinned = new PinnedBuffer(cuda, 16L << 20);
    }

    static NumberType type(String... args) {
        return List.of(args).contains("bf16") ? NumberType.BF16 : NumberType.FP16;
    }

    <T extends AutoCloseable> T keep(T resource) {
        kept.add(resource);
        return resource;
    }

    long room(long bytes) {
        return keep(new DeviceBuffer(cuda, bytes)).address();
    }

    /** Uniform in [-scale, scale). */
    long narrow(long count, float scale) {
        return random("random_narrow", count, 2, scale);
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
            launcher.copyIn(to, host, host.byteSize());
        }
        return to;
    }

    /** Queues a copy to pinned memory of the host. */
    void toHost(long from, long bytes) {
        pinned.read(stream, 0, from, bytes);
    }

    /**
     * Queues the norm of float32 rows.
     *
     * @param low receives what rounding takes away, 0 for nobody
     */
    void norm(int rows, int width, long from, long weight, long to, long low) {
        launcher.rows("norm", "norm_residual", rows, 256, from, to, low, weight, 0L, width, EPSILON);
    }

    /** A product with random weights into 16 bits. */
    Operation dense(String name, int rows, long from, int depth, int columns, long to) {
        return dense(name, rows, from, depth, columns, Matrix.of(to, rows, columns, launcher.type()), false);
    }

    /** A product with random weights, added to float32. */
    Operation denseAdd(String name, int rows, long from, int depth, int columns, long to) {
        return dense(name, rows, from, depth, columns, Matrix.of(to, rows, columns, NumberType.FP32), true);
    }

    /** The same of rows that are {@code stride} elements apart. */
    Operation dense(String name, int rows, long from, long stride, int depth, int columns, long to) {
        Matrix a = new Matrix(from, rows, depth, stride, launcher.type());
        Matrix w = Matrix.of(narrow((long) columns * depth, 0.02f), columns, depth, launcher.type());
        Matrix c = Matrix.of(to, rows, columns, launcher.type());
        return Operation.product(name, 2.0 * rows * columns * depth, () -> gemm.multiply(stream, a, w, c, false));
    }

    /** Products of two matrices with the same random weights, both sums in float32. */
    Operation denseOfBoth(String name, int rows, long first, long second, int depth, int columns, long to) {
        Matrix w = Matrix.of(narrow((long) columns * depth, 0.02f), columns, depth, launcher.type());
        Matrix sums = Matrix.of(to, rows, columns, NumberType.FP32);
        return Operation.product(name, 4.0 * rows * columns * depth, () -> {
            gemm.multiply(stream, Matrix.of(first, rows, depth, launcher.type()), w, sums, false);
            gemm.multiply(stream, Matrix.of(second, rows, depth, launcher.type()), w, sums, true);
        });
    }

    private Operation dense(String name, int rows, long from, int depth, int columns, Matrix to, boolean add) {
        Matrix a = Matrix.of(from, rows, depth, launcher.type());
        Matrix w = Matrix.of(narrow((long) columns * depth, 0.02f), columns, depth, launcher.type());
        return Operation.product(name, 2.0 * rows * columns * depth, () -> gemm.multiply(stream, a, w, to, add));
    }

    @Override
    public void close() {
        kept.forEach(RandomDevice::free);
        pinned.close();
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
