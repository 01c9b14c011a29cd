package io.moeplan.engine.cuda;

import io.moeplan.engine.cuda.driver.Event;
import io.moeplan.engine.cuda.driver.Unavailable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Prefill through one layer of a model's shape with random weights, recording routing: time, rate and what it is spent on.
 *
 * <p>Run: {@code java -cp CLASSES io.moeplan.engine.cuda.LayerBenchmark SHAPE SEQUENCES LENGTH [fp8] [bf16]}; in float16 unless bf16
 */
final class LayerBenchmark {
    private static final int REPEATS = 15;
    private static final int WARM_UP = 3;

    private LayerBenchmark() {}

    public static void main(String[] args) throws Unavailable {
        LayerShape shape = LayerShape.of(args[0]);
        int sequences = Integer.parseInt(args[1]);
        int length = Integer.parseInt(args[2]);
        boolean fp8 = List.of(args).contains("fp8");
        try (RandomDevice on = new RandomDevice(args)) {
            double ceiling = ceiling(on);
            int tokens = sequences * length;
            long x = on.floats((long) tokens * shape.hidden(), 1);
            long normed = on.narrow((long) tokens * shape.hidden(), 1);
            List<Operation> all = new ArrayList<>(new AttentionOperations(on, shape, sequences, length).of(normed, x));
            all.addAll(new ExpertOperations(on, shape, tokens, fp8).of(normed, x));
            System.out.printf("%s, %s%s, %d x %d tokens, %s%n", shape.name(), on.launcher.type(),
                    fp8 ? ", fp8 experts" : "", sequences, length, on.cuda.name());
            print(all, times(on, all), ceiling, tokens, shape.layers());
        }
    }

    /** TFLOP/s of a large dense product. */
    private static double ceiling(RandomDevice on) {
        int side = 8192;
        Operation product = on.dense("dense", side, on.narrow((long) side * side, 1), side, side,
                on.room(2L * side * side));
        return product.flops() / times(on, List.of(product))[0] / 1e9;
    }

    /** Median milliseconds of each operation, and of all of them one after the other. */
    static double[] times(RandomDevice on, List<Operation> all) {
        double[][] times = new double[all.size() + 1][REPEATS];
        Event[] marks = new Event[all.size() + 1];
        for (int i = 0; i < marks.length; i++) {
            marks[i] = on.keep(new Event(on.cuda));
        }
        for (int repeat = -WARM_UP; repeat < REPEATS; repeat++) {
            marks[0].record(on.stream);
            for (int i = 0; i < all.size(); i++) {
                all.get(i).run().run();
                marks[i + 1].record(on.stream);
            }
            on.stream.synchronize();
            for (int i = 0; repeat >= 0 && i < all.size(); i++) {
                times[i][repeat] = marks[i + 1].millisecondsSince(marks[i]);
            }
            if (repeat >= 0) {
                times[all.size()][repeat] = marks[all.size()].millisecondsSince(marks[0]);
            }
        }
        return Arrays.stream(times).mapToDouble(each -> Arrays.stream(each).sorted().toArray()[REPEATS / 2]).toArray();
    }

    private static void print(List<Operation> all, double[] times, double ceiling, int tokens, int layers) {
        double total = times[all.size()];
        double flops = 0;
        for (int i = 0; i < all.size(); i++) {
            Operation operation = all.get(i);
            flops += operation.flops();
            String rate = operation.flops() > 0
                    ? "%6.0f TFLOP/s".formatted(operation.flops() / times[i] / 1e9)
                    : "%6.2f TB/s".formatted(operation.bytes() / times[i] / 1e9);
            System.out.printf("  %-24s %8.3f ms %5.1f %% %s%n", operation.name(), times[i], 100 * times[i] / total,
                    rate);
        }
        double rate = flops / total / 1e9;
        System.out.printf("  %-24s %8.3f ms, %.0f TFLOP/s, %.0f %% of a dense product's %.0f%n", "layer", total, rate,
                100 * rate / ceiling, ceiling);
        System.out.printf("  %d layers: %.0f tokens/s%n", layers, tokens / (total * layers) * 1e3);
    }
}
