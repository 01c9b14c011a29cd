package io.moeplan.engine.cuda;

import io.moeplan.engine.cuda.driver.Cuda;
import io.moeplan.engine.cuda.driver.DeviceBuffer;
import io.moeplan.engine.cuda.driver.Event;
import io.moeplan.engine.cuda.driver.Kernels;
import io.moeplan.engine.cuda.driver.Stream;
import io.moeplan.engine.cuda.driver.Unavailable;
import io.moeplan.engine.cuda.kernels.GroupedGemm;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Random;

/**
 * The grouped product at real shapes: checked against the simple kernel on a small problem, then timed.
 *
 * <p>Run: {@code java -cp CLASSES io.moeplan.engine.cuda.GroupedGemmBenchmark [bf16]}
 */
final class GroupedGemmBenchmark {
    private static final int REPEATS = 15;

    private record Shape(String name, int rows, int experts, int hidden, int width) {}

    private final Cuda cuda;
    private final Kernels kernels;
    private final Stream stream;

    private GroupedGemmBenchmark(Cuda cuda, Kernels kernels, Stream stream) {
        this.cuda = cuda;
        this.kernels = kernels;
        this.stream = stream;
    }

    public static void main(String[] args) throws Unavailable {
        try (Cuda cuda = Cuda.open(0);
                Kernels kernels = new Kernels(cuda, RandomDevice.type(args));
                Stream stream = new Stream(cuda)) {
            System.out.printf("%s, sm_%d, %d multiprocessors, NVRTC %s, %.1f GiB free%n", cuda.name(),
                    cuda.capability(), cuda.multiprocessors(), cuda.compilerVersion(), cuda.freeBytes() / 0x1p30);
            GroupedGemmBenchmark benchmark = new GroupedGemmBenchmark(cuda, kernels, stream);
            benchmark.check(37, 5, 192, 320, false);
            benchmark.check(700, 7, 256, 384, true);
            benchmark.check(3000, 16, 512, 768, false);
            benchmark.check(3000, 16, 512, 768, true);
            for (Shape shape : new Shape[]{new Shape("Qwen3-30B-A3B, 16,384 tokens", 16_384 * 8, 128, 2048, 768),
                new Shape("Qwen3-30B-A3B, 65,536 tokens", 65_536 * 8, 128, 2048, 768),
                new Shape("Mixtral-8x7B, 16,384 tokens", 16_384 * 2, 8, 4096, 14_336),
                new Shape("DeepSeek-V3, 16,384 tokens", 16_384 * 8, 256, 7168, 2048)}) {
                benchmark.time(shape);
            }
        }
    }

    /** First row of each expert; sizes differ by a factor of up to about ten, some are 0. */
    private static int[] offsets(int rows, int experts, long seed) {
        Random random = new Random(seed);
        double[] weights = random.doubles(experts).map(x -> x < 0.05 ? 0 : Math.exp(1.2 * x)).toArray();
        double sum = Arrays.stream(weights).sum();
        int[] offsets = new int[experts + 1];
        double before = 0;
        for (int e = 0; e < experts; e++) {
            before += weights[e];
            offsets[e + 1] = (int) Math.round(rows * before / sum);
        }
        return offsets;
    }

    private DeviceBuffer random(long count, int seed, float scale) {
        DeviceBuffer buffer = new DeviceBuffer(cuda, count * 2);
        kernels.get("random", "random_narrow").launch(stream, new int[]{1024, 1, 1}, 256, 0, buffer, count,
                seed, scale);
        return buffer;
    }

    private DeviceBuffer upload(int[] values) {
        DeviceBuffer buffer = new DeviceBuffer(cuda, 4L * values.length);
        try (Arena arena = Arena.ofConfined()) {
            buffer.write(stream, 0, arena.allocateFrom(ValueLayout.JAVA_INT, values));
            stream.synchronize();
        }
        return buffer;
    }

    private Runnable product(DeviceBuffer a, DeviceBuffer w, DeviceBuffer c, DeviceBuffer offsets,
            int rows, int experts, int columns, int depth, boolean gated) {
        GroupedGemm product = new GroupedGemm(cuda, kernels, gated);
        GroupedGemm.Sizes sizes = new GroupedGemm.Sizes(rows, experts, columns, depth);
        return () -> product.multiply(stream, sizes, a.address(), w.address(), offsets.address(), c.address());
    }

    private void check(int rows, int experts, int columns, int depth, boolean gated) {
        int factor = gated ? 2 : 1;
        try (Arena arena = Arena.ofConfined();
                DeviceBuffer a = random((long) rows * depth, 1, 1);
                DeviceBuffer w = random((long) experts * factor * columns * depth, 2, 0.1f);
                DeviceBuffer c = new DeviceBuffer(cuda, 2L * rows * columns);
                DeviceBuffer expected = new DeviceBuffer(cuda, 2L * rows * columns);
                DeviceBuffer offsets = upload(offsets(rows, experts, rows))) {
            c.fill(stream, (byte) 0xff);
            expected.fill(stream, (byte) 0xff);
            product(a, w, c, offsets, rows, experts, columns, depth, gated).run();
            kernels.get("grouped_gemm_simple", "grouped_gemm_simple").launch(stream,
                    new int[]{Math.ceilDiv(columns, 128), rows, 1}, 128, 0, a, w, expected, offsets, experts, columns,
                    depth, factor - 1);
            MemorySegment have = arena.allocate(c.bytes(), 8);
            MemorySegment want = arena.allocate(c.bytes(), 8);
            c.read(stream, 0, have);
            expected.read(stream, 0, want);
            stream.synchronize();
            double error = 0;
            double norm = 0;
            for (long i = 0; i < (long) rows * columns; i++) {
                float x = value(have, i);
                float y = value(want, i);
                error += (x - y) * (double) (x - y);
                norm += y * (double) y;
            }
            System.out.printf("check %d rows, %d experts, %d x %d, %s: relative error %.1e%n", rows, experts, columns,
                    depth, gated ? "gated" : "plain", Math.sqrt(error / norm));
        }
    }

    private float value(MemorySegment numbers, long index) {
        return kernels.type().get(numbers, index);
    }

    private void time(Shape shape) {
        try (DeviceBuffer x = random((long) shape.rows * shape.hidden, 1, 1);
                DeviceBuffer up = random(2L * shape.experts * shape.width * shape.hidden, 2, 0.05f);
                DeviceBuffer down = random((long) shape.experts * shape.width * shape.hidden, 3, 0.05f);
                DeviceBuffer inner = new DeviceBuffer(cuda, 2L * shape.rows * shape.width);
                DeviceBuffer out = new DeviceBuffer(cuda, 2L * shape.rows * shape.hidden);
                DeviceBuffer offsets = upload(offsets(shape.rows, shape.experts, 5))) {
            Runnable first = product(x, up, inner, offsets, shape.rows, shape.experts, shape.width,
                    shape.hidden, true);
            Runnable second = product(inner, down, out, offsets, shape.rows, shape.experts, shape.hidden,
                    shape.width, false);
            double flops = 2.0 * shape.rows * shape.hidden * shape.width;
            double gateUp = milliseconds(first);
            double downOnly = milliseconds(second);
            System.out.printf("%-30s gate+up %7.3f ms %4.0f TFLOP/s   down %7.3f ms %4.0f TFLOP/s%n", shape.name,
                    gateUp, 2 * flops / gateUp / 1e9, downOnly, flops / downOnly / 1e9);
        }
    }

    private double milliseconds(Runnable launch) {
        double[] times = new double[REPEATS];
        try (Event start = new Event(cuda); Event end = new Event(cuda)) {
            for (int i = -3; i < REPEATS; i++) {
                start.record(stream);
                launch.run();
                end.record(stream);
                double time = end.millisecondsSince(start);
                if (i >= 0) {
                    times[i] = time;
                }
            }
        }
        return Arrays.stream(times).sorted().toArray()[REPEATS / 2];
    }
}
