package io.moeplan.engine;

import io.moeplan.engine.workload.Request;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Run by hand: random ids through a model directory. Arguments: directory, requests, tokens of each, rounds, threads, MiB. */
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
        try (Engine engine = Engine.open(Path.of(arguments[0]), options)) {
            List<Request> workload = workload(requests, length, engine.architecture().vocabulary());
            for (int round = 0; round < rounds; round++) {
                RunResult result = engine.run(workload, RunOptions.quiet());
                System.out.printf("%s: %,d tokens in %d waves, %.2f s, %,.1f tokens/s, %.1f GFLOP/s; %.2f GB read in"
                        + " %.2f s, waited %.2f s%n", engine.device(), result.tokens(), result.waves(),
                        result.seconds(), result.tokensPerSecond(), result.flops() / result.seconds() / 1e9,
                        result.reading().bytes() / 1e9, result.reading().seconds(), result.reading().waited());
            }
        }
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
