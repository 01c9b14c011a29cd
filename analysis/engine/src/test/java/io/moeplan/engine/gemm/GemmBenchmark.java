package io.moeplan.engine.gemm;

import io.moeplan.tensors.matrix.Matrix;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.CyclicBarrier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Run by hand: GFLOP/s of every implementation by shape, rows, number format and threads, each thread going through experts
 * of its own that do not fit the caches together, as in a layer. Next to it a dense product of 4096 rows, shared out in
 * 1024s. Time is each thread's processor time, so that other work on the machine counts little. Arguments: seconds for each figure (0.3), most threads (2), rows ("16,64,256,512,1024"), shapes ("1024x512,...",
 * out x in), formats ("BF16,FP8,MXFP4").
 */
public final class GemmBenchmark {
    private static final double SECONDS = 0.3;
    private static final int DENSE_ROWS = 4096;
    private static final long EXPERTS_BYTES = 256L << 20;

    private final double seconds;
    private final Random random = new Random(1);

    private GemmBenchmark(double seconds) {
        this.seconds = seconds;
    }

    public static void main(String[] arguments) throws Exception {
        GemmBenchmark benchmark = new GemmBenchmark(Double.parseDouble(argument(arguments, 0, "0.3")));
        int threads = Integer.parseInt(argument(arguments, 1, "2"));
        int[] rows = Arrays.stream(argument(arguments, 2, "16,64,256,512,1024").split(",", -1))
                .mapToInt(Integer::parseInt).toArray();
        String[] shapes = argument(arguments, 3, "1024x512,512x1024,2048x768,768x2048,14336x4096,2048x7168")
                .split(",", -1);
        String[] formats = argument(arguments, 4, "BF16,FP8,MXFP4").split(",", -1);
        Gemms.all().forEach(gemm -> System.out.println(gemm.name() + ": " + gemm.reason()));
        Gemms.missing().forEach(line -> System.out.println("not used: " + line));
        System.out.printf(Locale.ROOT, "GFLOP/s%n%-28s %-6s %-11s %3s %s %7s%n", "", "", "out x in", "thr",
                IntStream.of(rows).mapToObj("%7d"::formatted).collect(Collectors.joining()), "dense");
        for (Gemm gemm : Gemms.all()) {
            for (String format : formats) {
                for (String shape : shapes) {
                    String[] sides = shape.split("x", -1);
                    benchmark.line(gemm, Weights.valueOf(format), Integer.parseInt(sides[0]),
                            Integer.parseInt(sides[1]), threads, rows);
                }
            }
        }
    }

    /** GFLOP/s of all threads together in products of many rows with one bfloat16 matrix {@code [out, in]}. */
    public static double dense(Gemm gemm, int out, int in, int threads) throws Exception {
        GemmBenchmark benchmark = new GemmBenchmark(SECONDS);
        try (Arena arena = Arena.ofShared()) {
            return benchmark.rate(gemm, List.of(Weights.BF16.random(arena, benchmark.random, out, in)), DENSE_ROWS / 4,
                    threads);
        }
    }

    private static String argument(String[] arguments, int index, String absent) {
        return arguments.length > index ? arguments[index] : absent;
    }

    private void line(Gemm gemm, Weights format, int out, int in, int threads, int[] rows) throws Exception {
        try (Arena arena = Arena.ofShared()) {
            Matrix first = format.random(arena, random, out, in);
            int count = Math.clamp(EXPERTS_BYTES / first.bytes(), 1, 32);
            List<Matrix> experts = new ArrayList<>(List.of(first));
            while (experts.size() < count) {
                experts.add(first.over(tensor -> tensor.in(arena.allocate(tensor.data().byteSize(), 64)
                        .copyFrom(tensor.data()))));
            }
            for (int used = 1; used <= threads; used++) {
                StringBuilder line = new StringBuilder("%-28s %-6s %-11s %3d ".formatted(gemm.name(), format,
                        out + "x" + in, used));
                for (int some : rows) {
                    line.append("%7.0f".formatted(rate(gemm, experts, some, used)));
                }
                System.out.println(line.append(" %7.0f".formatted(rate(gemm, experts.subList(0, 1), DENSE_ROWS / 4,
                        used))));
            }
        }
    }

    /** The rate of all threads together, each on experts of its own (or all on the only one), best of three. */
    private double rate(Gemm gemm, List<Matrix> experts, int rows, int threads) throws Exception {
        double best = 0;
        for (int round = 0; round < 3; round++) {
            CyclicBarrier start = new CyclicBarrier(threads);
            double[] rates = new double[threads];
            List<Thread> running = new ArrayList<>();
            for (int t = 0; t < threads; t++) {
                int own = t;
                running.add(Thread.ofPlatform().start(() -> rates[own] = work(gemm, experts, own, rows, start)));
            }
            for (Thread thread : running) {
                thread.join();
            }
            best = Math.max(best, Arrays.stream(rates).sum());
        }
        return best;
    }

    private static long cpuNanos() {
        return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
    }

    private double work(Gemm gemm, List<Matrix> experts, int thread, int rows, CyclicBarrier start) {
        try (Arena arena = Arena.ofShared()) {
            Matrix first = experts.getFirst();
            int room = gemm.room(rows);
            Rows x = Rows.allocate(arena, gemm.input(), rows, first.columns(), room);
            for (long i = 0; i < x.data().byteSize() / 2; i++) {
                x.data().setAtIndex(ValueLayout.JAVA_SHORT, i, (short) (0x3c00 + (i * 7919 & 0x80ff)));
            }
            Rows y = Rows.allocate(arena, Element.F32, rows, first.rows(), room);
            gemm.multiply(first, x, y);
            start.await();
            long from = System.nanoTime();
            long busy = cpuNanos();
            long flops = 0;
            int next = experts.size() / 2 * (thread % 2);
            do {
                gemm.multiply(experts.get(next++ % experts.size()), x, y);
                flops += 2L * rows * first.rows() * first.columns();
            } while (System.nanoTime() - from < seconds / 3 * 1e9);
            return flops / (double) (cpuNanos() - busy);
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }
}
