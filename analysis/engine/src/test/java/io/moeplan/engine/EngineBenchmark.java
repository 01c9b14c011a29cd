package io.moeplan.engine;

import io.moeplan.engine.cpu.Arithmetic;
import io.moeplan.engine.cpu.CpuBackend;
import io.moeplan.engine.cpu.WeightReading;
import io.moeplan.engine.gemm.Precision;
import io.moeplan.engine.workload.Request;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Collectors;

/** Run by hand: random ids through a model directory. Arguments: directory, requests, tokens of each, rounds, threads, MiB, precision. */
final class EngineBenchmark {
    private EngineBenchmark() {}

    public static void main(String[] arguments) throws IOException {
        int requests = argument(arguments, 1, 64);
        int length = argument(arguments, 2, 512);
        int rounds = argument(arguments, 3, 3);
        EngineOptions defaults = EngineOptions.defaults();
        EngineOptions options = new EngineOptions(
                (long) argument(arguments, 5, (int) (defaults.memoryBytes() >> 20)) << 20,
                argument(arguments, 4, defaults.threads()), defaults.warnings());
        Optional<Precision> precision = arguments.length > 6
                ? Optional.of(Precision.valueOf(arguments[6]))
                : Optional.empty();
        TimedBackend[] timed = new TimedBackend[1];
        try (Engine engine = Engine.open(Path.of(arguments[0]), options,
                model -> timed[0] = new TimedBackend(new CpuBackend(model, Arithmetic.of(precision), options.threads(),
                        options.memoryBytes(), WeightReading.BY_SIZE, options.warnings())))) {
            List<Request> workload = workload(requests, length, engine.architecture().vocabulary());
            for (int round = 0; round < rounds; round++) {
                timed[0].reset();
                long busy = cpuNanos();
                RunResult result = engine.run(workload, RunOptions.quiet());
                double cpuSeconds = (cpuNanos() - busy) / 1e9;
                System.out.printf(
                        "%s, %s: %,d tokens in %d waves, %.2f s (%.2f s of processors), %,.1f tokens/s, %.1f GFLOP/s; %.2f GB read"
                                + " in %.2f s, waited %.2f s;%s%n",
                        engine.device(), engine.precision(), result.tokens(),
                        result.waves(), result.seconds(), cpuSeconds, result.tokensPerSecond(),
                        result.flops() / result.seconds() / 1e9, result.reading().bytes() / 1e9,
                        result.reading().seconds(), result.reading().waited(), split(timed[0]));
            }
        }
    }

    private static long cpuNanos() {
        return ManagementFactory.getOperatingSystemMXBean() instanceof com.sun.management.OperatingSystemMXBean os
                ? os.getProcessCpuTime()
                : 0;
    }

    private static String split(TimedBackend timed) {
        return Arrays.stream(TimedBackend.Operation.values())
                .map(operation -> String.format(Locale.ROOT, " %s %.2f s", operation.name().toLowerCase(Locale.ROOT),
                        timed.seconds(operation)))
                .collect(Collectors.joining());
    }

    private static int argument(String[] arguments, int index, int absent) {
        return arguments.length > index ? Integer.parseInt(arguments[index]) : absent;
    }

    private static List<Request> workload(int requests, int length, int vocabulary) {
        Random random = new Random(1);
        List<Request> workload = new ArrayList<>();
        for (int r = 0; r < requests; r++) {
            workload.add(new Request("r" + r, null, random.ints(length, 0, vocabulary).toArray(), new int[0]));
        }
        return workload;
    }
}
