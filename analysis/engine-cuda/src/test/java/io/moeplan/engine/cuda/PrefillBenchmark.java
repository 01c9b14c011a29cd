package io.moeplan.engine.cuda;

import io.moeplan.engine.Engine;
import io.moeplan.engine.EngineOptions;
import io.moeplan.engine.RunOptions;
import io.moeplan.engine.RunResult;
import io.moeplan.engine.cuda.driver.Cuda;
import io.moeplan.engine.cuda.driver.DeviceBuffer;
import io.moeplan.engine.cuda.driver.Event;
import io.moeplan.engine.cuda.driver.PinnedBuffer;
import io.moeplan.engine.cuda.driver.Stream;
import io.moeplan.engine.cuda.driver.Unavailable;
import io.moeplan.engine.cuda.weights.Place;
import io.moeplan.engine.gemm.Precision;
import io.moeplan.engine.record.RecordingMode;
import io.moeplan.engine.record.RecordingOptions;
import io.moeplan.engine.record.RecordingSink;
import io.moeplan.engine.workload.Request;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Random;

/**
 * The whole engine on the GPU, recording on, over a random checkpoint of a published shape: at two depths, so that what a
 * layer takes is their difference.
 *
 * <p>Run: {@code java [-Dtimes=5] [-Dmode=PER_TOKEN] [-DpassTokens=2048] -cp ... io.moeplan.engine.cuda.PrefillBenchmark FOLDER SHAPE DEPTH LESS FULL REQUESTS LENGTH GIB [PRECISION]}, where
 * LESS is the smaller depth (0: one depth only), FULL the published one, and GIB the memory it may take on the device (0: all
 * that is free); PRECISION: fp16, fp8, bf16 or fp32, else as auto. FOLDER keeps the checkpoint for the next time.
 */
final class PrefillBenchmark {
    /** Runs with recording and as many without, in turn. */
    private static final int TIMES = Integer.getInteger("times", 5);

    private static final RecordingOptions RECORDING = new RecordingOptions(
            RecordingMode.valueOf(System.getProperty("mode", "PER_TOKEN")),
            Integer.getInteger("passTokens", RecordingOptions.DEFAULT_PASS_TOKENS),
            RecordingOptions.DEFAULT_STAT_PASSES, false);

    private final int requests;
    private final int length;
    private final long memory;

    private final Optional<Precision> precision;

    private PrefillBenchmark(int requests, int length, long memory, Optional<Precision> precision) {
        this.precision = precision;
        this.requests = requests;
        this.length = length;
        this.memory = memory;
    }

    public static void main(String[] args) throws IOException {
        Path folder = Path.of(args[0]);
        int depth = Integer.parseInt(args[2]);
        int less = Integer.parseInt(args[3]);
        int full = Integer.parseInt(args[4]);
        PrefillBenchmark benchmark = new PrefillBenchmark(Integer.parseInt(args[5]), Integer.parseInt(args[6]),
                (long) (Double.parseDouble(args[7]) * (1L << 30)),
                args.length > 8
                        ? Optional.of(Precision.valueOf(args[8].toUpperCase(Locale.ROOT)))
                        : Optional.empty());
        if (!Files.exists(folder)) {
            long start = System.nanoTime();
            RandomCheckpoint.write(folder, args[1], depth);
            System.out.printf(Locale.ROOT, "wrote %.1f GB in %.1f s%n",
                    Files.size(folder.resolve("model.safetensors")) / 1e9, (System.nanoTime() - start) / 1e9);
        }
        Run deep = benchmark.run(folder, args[1] + " x " + depth);
        if (less > 0) {
            Path shorter = folder.resolveSibling(folder.getFileName() + "-" + less);
            if (!Files.exists(shorter)) {
                RandomCheckpoint.shorten(folder, shorter, less);
            }
            Run shallow = benchmark.run(shorter, args[1] + " x " + less);
            double layer = (deep.seconds - shallow.seconds) / (depth - less);
            double whole = shallow.seconds + (full - less) * layer;
            System.out.printf(Locale.ROOT, "%s: %.2f ms a layer, %,.0f tokens/s at %d layers%n", args[1], layer * 1e3,
                    (double) benchmark.requests * benchmark.length / whole, full);
            if (deep.bytes > 0) {
                System.out.printf(Locale.ROOT, "streamed at %.1f GB/s, of %.1f GB/s that a pinned copy reaches%n",
                        (deep.bytes - shallow.bytes) / (deep.seconds - shallow.seconds) / 1e9, pinnedCopy() / 1e9);
            }
        }
    }

    /** What a run took, and what it read meanwhile. */
    private record Run(double seconds, long bytes) {}

    /** Bytes a second from pinned memory to the device. */
    private static double pinnedCopy() throws Unavailable {
        long bytes = 256L << 20;
        int times = 16;
        try (Cuda cuda = Cuda.open(0);
                Stream stream = new Stream(cuda);
                PinnedBuffer from = new PinnedBuffer(cuda, bytes);
                DeviceBuffer to = new DeviceBuffer(cuda, bytes);
                Event start = new Event(cuda);
                Event end = new Event(cuda)) {
            from.segment().fill((byte) 1);
            to.write(stream, 0, from.segment());
            start.record(stream);
            for (int i = 0; i < times; i++) {
                to.write(stream, 0, from.segment());
            }
            end.record(stream);
            return times * bytes / (end.millisecondsSince(start) / 1e3);
        }
    }

    private Run run(Path model, String name) throws IOException {
        long bytes;
        try (Cuda cuda = Cuda.open(0)) {
            bytes = memory > 0 ? memory : cuda.usableBytes();
        }
        EngineOptions options = new EngineOptions(bytes, Runtime.getRuntime().availableProcessors(),
                System.err::println);
        CudaBackend[] backend = new CudaBackend[1];
        try (Engine engine = Engine.open(model, options, m -> backend[0] = new CudaBackend(m, Cuda.open(0),
                precision, bytes, options.threads(), options.warnings()))) {
            Random random = new Random(5);
            List<Request> workload = new ArrayList<>();
            for (int r = 0; r < requests; r++) {
                workload.add(new Request("r" + r, null,
                        random.ints(length, 0, engine.architecture().vocabulary()).toArray(), new int[0]));
            }
            long read = 0;
            double[] recorded = new double[TIMES];
            double[] unrecorded = new double[TIMES];
            for (int i = -1; i < TIMES; i++) {
                RunResult result = recorded(engine, workload);
                read = backend[0].place() == Place.STREAMED ? result.reading().bytes() : 0;
                System.out.printf(Locale.ROOT,
                        "%s, %s, %s, %d tokens, %d waves: %.3f s, %,.0f tokens/s, %.0f TFLOP/s, read %.1f GB at %.1f GB/s,"
                                + " waited %.2f s%s%n",
                        name, backend[0].place(), backend[0].precision(), result.tokens(), result.waves(),
                        result.seconds(),
                        result.tokensPerSecond(), result.flops() / result.seconds() / 1e12,
                        result.reading().bytes() / 1e9, result.reading().bytesPerSecond() / 1e9,
                        result.reading().waited(), i < 0 ? " (first)" : "");
                if (i >= 0) {
                    recorded[i] = result.seconds();
                    unrecorded[i] = engine.run(workload, RunOptions.quiet()).seconds();
                }
            }
            System.out.printf(Locale.ROOT,
                    "%s: median %.4f s, without recording %.4f s (quartiles %.4f to %.4f, %.4f to %.4f)%n",
                    name, median(recorded), median(unrecorded), part(recorded, 4), part(recorded, 4 / 3.0),
                    part(unrecorded, 4), part(unrecorded, 4 / 3.0));
            return new Run(median(recorded), read);
        }
    }

    private static RunResult recorded(Engine engine, List<Request> workload) throws IOException {
        engine.recorder().start(RECORDING, new Nothing());
        RunResult result = engine.run(workload, RunOptions.quiet());
        engine.recorder().stop();
        return result;
    }

    private static double median(double[] values) {
        return part(values, 2);
    }

    private static double part(double[] values, double divisor) {
        return Arrays.stream(values).sorted().toArray()[(int) (values.length / divisor)];
    }

    /** Forgets what is recorded. */
    private static final class Nothing implements RecordingSink {
        @Override
        public void requests(List<RequestRow> requests) {}

        @Override
        public void tokens(TokenRows rows) {}

        @Override
        public void step(Step step) {}

        @Override
        public void flush() {}
    }
}
