package io.moeplan.cli;

import io.moeplan.engine.Engine;
import io.moeplan.engine.EngineOptions;
import io.moeplan.engine.RunOptions;
import io.moeplan.engine.cpu.Arithmetic;
import io.moeplan.engine.cpu.CpuBackend;
import io.moeplan.engine.cpu.WeightReading;
import io.moeplan.engine.model.ModelInfo;
import io.moeplan.engine.record.RecordingMode;
import io.moeplan.engine.record.RecordingOptions;
import io.moeplan.engine.workload.Request;
import io.moeplan.recording.Manifest;
import io.moeplan.recording.Mode;
import io.moeplan.recording.Origin;
import io.moeplan.recording.RecordingWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;

/**
 * Run by hand: what recording costs, per token into an Arrow recording on disk. Runs of the same random ids with and without
 * alternate, warm, in the fastest precision, and each pair gives a ratio; printed are the median and mean of them and the mean's standard error.
 * Arguments: directory of a model, pairs (10), requests (8), tokens of each (512). Arrow wants
 * {@code --add-opens java.base/java.nio=ALL-UNNAMED}.
 */
final class RecorderBenchmark {
    private final Engine engine;
    private final List<Request> workload;

    private RecorderBenchmark(Engine engine, int requests, int length) {
        this.engine = engine;
        this.workload = new ArrayList<>();
        Random random = new Random(1);
        for (int r = 0; r < requests; r++) {
            workload.add(new Request("r" + r, null,
                    random.ints(length, 0, engine.architecture().vocabulary()).toArray(), new int[0]));
        }
    }

    public static void main(String[] arguments) throws IOException {
        EngineOptions options = EngineOptions.defaults();
        try (Engine engine = Engine.open(Path.of(arguments[0]), options,
                model -> new CpuBackend(model, Arithmetic.fastest(), options.threads(), options.memoryBytes(),
                        WeightReading.BY_SIZE, options.warnings()))) {
            RecorderBenchmark benchmark = new RecorderBenchmark(engine, argument(arguments, 2, 8),
                    argument(arguments, 3, 512));
            benchmark.run(true);
            benchmark.run(false);
            double[] ratios = new double[argument(arguments, 1, 10)];
            double[] with = new double[ratios.length];
            for (int pair = 0; pair < ratios.length; pair++) {
                boolean first = pair % 2 == 0;
                double one = benchmark.run(first);
                double other = benchmark.run(!first);
                with[pair] = first ? one : other;
                ratios[pair] = first ? other / one : one / other;
            }
            print(ratios, with, engine);
        }
    }

    private static int argument(String[] arguments, int index, int absent) {
        return arguments.length > index ? Integer.parseInt(arguments[index]) : absent;
    }

    private static void print(double[] ratios, double[] with, Engine engine) {
        double mean = Arrays.stream(ratios).average().orElseThrow();
        double squares = Arrays.stream(ratios).map(ratio -> (ratio - mean) * (ratio - mean)).sum();
        double error = Math.sqrt(squares / Math.max(1, ratios.length - 1) / ratios.length);
        System.out.printf("%s, %s: %,.0f tokens/s recorded; with recording a run takes %.4f times as long (median of %d"
                + " pairs), %.4f +- %.4f (mean)%n", engine.device(), engine.precision(), median(with), median(ratios),
                ratios.length, mean, error);
    }

    private static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return sorted[sorted.length / 2];
    }

    /** Tokens per second of one run, from the first embedding to the last row written. */
    private double run(boolean recorded) throws IOException {
        if (!recorded) {
            return engine.run(workload, RunOptions.quiet()).tokensPerSecond();
        }
        Path folder = Files.createTempDirectory("recorder-benchmark");
        Manifest manifest = manifest();
        try (RecordingWriter writer = RecordingWriter.create(folder.resolve("recording"), manifest,
                new RecordingWriter.Options(true, false))) {
            engine.recorder().start(RecordingOptions.of(RecordingMode.PER_TOKEN), new ArrowSink(writer, false));
            double speed = engine.run(workload, RunOptions.quiet()).tokensPerSecond();
            engine.recorder().stop();
            writer.finish(manifest);
            return speed;
        } finally {
            delete(folder);
        }
    }

    private Manifest manifest() {
        ModelInfo model = engine.info();
        return new Manifest(BuildVersion.version(),
                new Manifest.Model(model.name(), model.modelType(), "sha256:" + model.digest(),
                        "sha256:" + model.weights()),
                model.layers(), Arrays.stream(model.moeLayers()).boxed().toList(), model.experts(), model.topK(),
                model.groups(), Mode.PER_TOKEN, RecordingOptions.of(RecordingMode.PER_TOKEN).passTokens(),
                "sha256:" + "0".repeat(64), new Origin.Engine("moeplan", engine.device(), engine.precision()), 0, 0,
                null, false);
    }

    private static void delete(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
