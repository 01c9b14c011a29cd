package io.moeplan.engine.cuda;

import io.moeplan.engine.cuda.driver.Unavailable;
import io.moeplan.engine.cuda.kernels.Attention;
import io.moeplan.engine.cuda.kernels.Attention.Heads;
import io.moeplan.engine.cuda.kernels.Attention.Rows;
import java.util.List;

/**
 * Attention at real shapes, with both kinds of matrix instructions, on Hopper.
 *
 * <p>Run: {@code java -cp CLASSES io.moeplan.engine.cuda.AttentionBenchmark [bf16]}
 */
final class AttentionBenchmark {
    private static final int LENGTH = 2048;

    private AttentionBenchmark() {}

    public static void main(String[] args) throws Unavailable {
        for (boolean hopper : new boolean[]{true, false}) {
            time(new Heads(32, 4, 128, 128, false), 32, hopper, args);
            time(new Heads(64, 8, 64, 64, false), 16, hopper, args);
            time(new Heads(128, 128, 192, 128, true), 8, hopper, args);
        }
    }

    private static void time(Heads heads, int sequences, boolean hopper, String[] args) throws Unavailable {
        try (RandomDevice on = new RandomDevice(args)) {
            int tokens = sequences * LENGTH;
            int[] starts = new int[sequences + 1];
            for (int s = 0; s <= sequences; s++) {
                starts[s] = s * LENGTH;
            }
            Attention attention = new Attention(hopper ? on.cuda : on.cuda.withoutHopper(), on.kernels, heads);
            Attention.Tiles tiles = on.keep(new Attention.Tiles(on.cuda, on.stream, starts));
            long width = (long) heads.queries() * heads.values();
            Attention.Matrices matrices = new Attention.Matrices(rows(on, tokens, heads.queries(), heads.columns()),
                    rows(on, tokens, heads.keys(), heads.sharedRope() ? 128 : heads.columns()),
                    rows(on, tokens, heads.keys(), heads.values()), rows(on, tokens, 1, 64),
                    new Rows(on.room(2L * tokens * width), width, heads.values()));
            Attention.Options options = new Attention.Options((float) (1 / Math.sqrt(heads.columns())), 0, 0);
            double flops = (double) tokens * (LENGTH + 1) * heads.queries() * (heads.columns() + heads.values());
            double time = LayerBenchmark.times(on, List.of(Operation.product("attention", flops,
                    () -> attention.attend(on.stream, tiles, matrices, options))))[0];
            System.out.printf("%s %s: %.3f ms, %.0f TFLOP/s%n", hopper ? "wgmma" : "mma", heads, time,
                    flops / time / 1e9);
        }
    }

    private static Rows rows(RandomDevice on, int tokens, int heads, int columns) {
        long width = (long) heads * columns;
        return new Rows(on.narrow(tokens * width, 2), width, columns);
    }
}
