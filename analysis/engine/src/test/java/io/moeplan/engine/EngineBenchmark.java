package io.moeplan.engine;

import io.moeplan.engine.cpu.Arithmetic;
import io.moeplan.engine.cpu.CpuBackend;
import io.moeplan.engine.cpu.WeightReading;
import io.moeplan.engine.gemm.Gemm;
import io.moeplan.engine.gemm.GemmBenchmark;
import io.moeplan.engine.gemm.Gemms;
import io.moeplan.engine.model.Architecture;
import io.moeplan.engine.model.Cost;
import io.moeplan.engine.model.FeedForward;
import io.moeplan.engine.record.RecordingMode;
import io.moeplan.engine.record.RecordingOptions;
import io.moeplan.engine.record.RecordingSink;
import io.moeplan.engine.workload.Request;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.ToDoubleFunction;

/**
 * Run by hand: what the products of a model's experts reach by themselves, then random ids through the model, with every
 * implementation of products: where the time goes, how much of that rate the whole and the experts reach, and what the
 * recorder costs. Medians; a first run warms up and is printed apart. Arguments: directory, requests (8), tokens of each
 * (512), rounds (5), threads (all), MiB (half), implementations by the start of their name ("oneDNN").
 */
final class EngineBenchmark {
    private static final Sink NOWHERE = new Sink();

    /** What one run took, in seconds. */
    private record Sample(RunResult result, double attention, double route, double experts, double rest) {}

    private final Path directory;
    private final EngineOptions options;
    private final int requests;
    private final int length;
    private final int rounds;

    private EngineBenchmark(Path directory, EngineOptions options, int requests, int length, int rounds) {
        this.directory = directory;
        this.options = options;
        this.requests = requests;
        this.length = length;
        this.rounds = rounds;
    }

    public static void main(String[] arguments) throws Exception {
        EngineOptions defaults = EngineOptions.defaults();
        EngineOptions options = new EngineOptions(
                (long) argument(arguments, 5, (int) (defaults.memoryBytes() >> 20)) << 20,
                argument(arguments, 4, defaults.threads()), defaults.warnings());
        EngineBenchmark benchmark = new EngineBenchmark(Path.of(arguments[0]), options, argument(arguments, 1, 8),
                argument(arguments, 2, 512), argument(arguments, 3, 5));
        String wanted = arguments.length > 6 ? arguments[6] : "oneDNN";
        for (Gemm gemm : Gemms.all()) {
            if (gemm.name().startsWith(wanted)) {
                benchmark.run(gemm);
            }
        }
    }

    private static int argument(String[] arguments, int index, int absent) {
        return arguments.length > index ? Integer.parseInt(arguments[index]) : absent;
    }

    private void run(Gemm gemm) throws Exception {
        TimedBackend[] timed = new TimedBackend[1];
        Arithmetic arithmetic = Arithmetic.with(gemm);
        try (Engine engine = Engine.open(directory, options,
                model -> timed[0] = new TimedBackend(new CpuBackend(model, arithmetic, options.threads(),
                        options.memoryBytes(), WeightReading.BY_SIZE, options.warnings())))) {
            Architecture architecture = engine.architecture();
            FeedForward.Sparse sparse = architecture.sparse(engine.info().moeLayers()[0]);
            double ceiling = (GemmBenchmark.dense(gemm, sparse.width(), architecture.hidden(), options.threads()) * 2
                    + GemmBenchmark.dense(gemm, architecture.hidden(), sparse.width(), options.threads())) / 3;
            System.out.printf("%n%s, %s: dense products of an expert's shapes %.0f GFLOP/s%n", gemm.name(),
                    engine.device(), ceiling);
            List<Request> workload = workload(architecture.vocabulary());
            System.out.printf("first run %,.0f tokens/s%n", sample(engine, timed[0], workload, true).result()
                    .tokensPerSecond());
            List<Sample> with = new ArrayList<>();
            List<Sample> without = new ArrayList<>();
            for (int round = 0; round < rounds; round++) {
                with.add(sample(engine, timed[0], workload, true));
                without.add(sample(engine, timed[0], workload, false));
            }
            print(with, ceiling, expertFlops(engine, sparse));
            System.out.printf("without recording %,.0f tokens/s%n", median(without, s -> s.result().tokensPerSecond()));
        }
    }

    /** Of a run, which ends with the last router. */
    private double expertFlops(Engine engine, FeedForward.Sparse sparse) {
        return (double) requests * length * (engine.info().moeLayers().length - 1)
                * Cost.experts(engine.architecture(), sparse);
    }

    private static Sample sample(Engine engine, TimedBackend timed, List<Request> workload, boolean recording)
            throws IOException {
        timed.reset();
        if (recording) {
            engine.recorder().start(RecordingOptions.of(RecordingMode.PER_TOKEN), NOWHERE);
        }
        RunResult result = engine.run(workload, RunOptions.quiet());
        if (recording) {
            engine.recorder().stop();
        }
        double attention = timed.seconds(TimedBackend.Operation.ATTENTION);
        double route = timed.seconds(TimedBackend.Operation.ROUTE);
        double experts = timed.seconds(TimedBackend.Operation.EXPERTS) + timed.seconds(TimedBackend.Operation.DENSE);
        return new Sample(result, attention, route, experts, result.seconds() - attention - route - experts);
    }

    private static void print(List<Sample> samples, double ceiling, double expertFlops) {
        double experts = median(samples, Sample::experts);
        System.out.printf("%,.0f tokens/s, %.0f %% of the dense rate; experts reach %.0f %% of it%n",
                median(samples, s -> s.result().tokensPerSecond()),
                100 * median(samples, s -> s.result().flops() / s.result().seconds()) / 1e9 / ceiling,
                100 * expertFlops / experts / 1e9 / ceiling);
        System.out.printf(
                "attention %.2f s, routers and recording %.2f s, experts %.2f s, embedding and the last rows %.2f s%n",
                median(samples, Sample::attention), median(samples, Sample::route), experts,
                median(samples, Sample::rest));
    }

    private static double median(List<Sample> samples, ToDoubleFunction<Sample> figure) {
        double[] sorted = samples.stream().mapToDouble(figure).sorted().toArray();
        return sorted[sorted.length / 2];
    }

    private List<Request> workload(int vocabulary) {
        Random random = new Random(1);
        List<Request> workload = new ArrayList<>();
        for (int r = 0; r < requests; r++) {
            workload.add(new Request("r" + r, null, random.ints(length, 0, vocabulary).toArray(), new int[0]));
        }
        return workload;
    }

    /** Takes everything and keeps nothing. */
    private static final class Sink implements RecordingSink {
        @Override
        public void requests(List<RequestRow> added) {}

        @Override
        public void tokens(TokenRows added) {}

        @Override
        public void step(Step added) {}

        @Override
        public void flush() {}
    }
}
