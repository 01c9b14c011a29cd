package io.moeplan.engine.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import io.moeplan.engine.cuda.ExpertChoice.Rule;
import io.moeplan.engine.cuda.ExpertChoice.Score;
import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;

/** The choice of experts and the sorting of rows, against plain loops. */
final class RoutingChecks {
    private static final int TOKENS = 77;

    private RoutingChecks() {}

    static void choice(OnDevice on) {
        choice(on, new Rule(128, 8, Score.SOFTMAX, 1, 1, 1, true, 0, 0, 1), false);
        choice(on, new Rule(8, 2, Score.SOFTMAX, 1, 1, 1, true, 0, 0, 1), false);
        choice(on, new Rule(60, 4, Score.SOFTMAX, 1, 1, 1, false, 0, 0, 1), true);
        choice(on, new Rule(256, 8, Score.SIGMOID, 8, 4, 2, true, 1e-20f, 0, 2.5f), true);
        choice(on, new Rule(160, 6, Score.SOFTMAX, 8, 3, 1, false, 0, 0, 16), false);
        choice(on, new Rule(384, 8, Score.SIGMOID, 1, 1, 2, true, 1e-20f, 0, 2.872f), true);
        choice(on, new Rule(32, 4, Score.SOFTMAX_OF_CHOSEN, 1, 1, 1, false, 0, 0, 1), true);
        choice(on, new Rule(64, 6, Score.SOFTMAX, 1, 1, 1, true, 0, 0.9f, 1), true);
    }

    private static void choice(OnDevice on, Rule rule, boolean corrected) {
        float[] logits = on.normal(TOKENS * rule.experts(), 1.5);
        float[] bias = on.normal(rule.experts(), 0.2);
        float[] correction = on.normal(rule.experts(), 0.1);
        DeviceBuffer ids = on.room(4L * TOKENS * rule.topK());
        DeviceBuffer weights = on.room(4L * TOKENS * rule.topK());
        DeviceBuffer packed = on.room(2L * TOKENS * rule.topK());
        new ExpertChoice(on.kernels, rule).choose(on.stream, TOKENS, on.floats(logits),
                corrected ? on.floats(bias) : 0, corrected ? on.floats(correction) : 0,
                new ExpertChoice.Chosen(ids.address(), weights.address(), packed.address()));
        int[] have = on.readInts(ids);
        byte[] codes = on.readBytes(packed);
        double[] wantWeights = new double[have.length];
        for (int t = 0; t < TOKENS; t++) {
            double[] own = new double[rule.experts()];
            for (int e = 0; e < own.length; e++) {
                own[e] = logits[t * own.length + e] + (corrected ? bias[e] : 0);
            }
            int[] want = chosen(rule, own, corrected ? correction : new float[own.length]);
            for (int k = 0; k < rule.topK(); k++) {
                int at = t * rule.topK() + k;
                assertThat(have[at]).as("%s, token %d, choice %d", rule, t, k).isEqualTo(want[k]);
                assertThat((codes[2 * at] & 0xff) + 256 * (codes[2 * at + 1] & 0xff)).isEqualTo(want[k]);
                wantWeights[at] = own[k];
            }
        }
        OnDevice.near("weights of " + rule, on.readFloats(weights), wantWeights, 1e-5);
    }

    /** The chosen experts; their weights take the place of the first logits. */
    private static int[] chosen(Rule rule, double[] x, float[] correction) {
        double[] score = switch (rule.score()) {
            case SOFTMAX -> softmax(x);
            case SIGMOID -> Arrays.stream(x).map(v -> 1 / (1 + Math.exp(-v))).toArray();
            case SOFTMAX_OF_CHOSEN -> x.clone();
        };
        double[] value = score.clone();
        for (int e = 0; e < value.length; e++) {
            value[e] += correction[e];
        }
        int size = value.length / rule.groups();
        double[] groups = new double[rule.groups()];
        for (int g = 0; g < groups.length; g++) {
            double[] sorted = Arrays.stream(value, g * size, (g + 1) * size).sorted().toArray();
            groups[g] = sorted[size - 1] + (rule.best() == 2 ? sorted[size - 2] : 0);
        }
        boolean[] kept = new boolean[groups.length];
        IntStream.range(0, groups.length).boxed().sorted(Comparator.comparingDouble(g -> -groups[g]))
                .limit(rule.kept()).forEach(g -> kept[g] = true);
        int[] order = IntStream.range(0, value.length).filter(e -> kept[e / size]).boxed()
                .sorted(Comparator.comparingDouble(e -> -value[e])).limit(rule.topK()).mapToInt(e -> e).toArray();
        double[] weights = Arrays.stream(order).mapToDouble(e -> score[e]).toArray();
        weights = rule.score() == Score.SOFTMAX_OF_CHOSEN ? softmax(weights) : weights;
        double divisor = rule.divide()
                ? Math.max(Arrays.stream(weights).sum() + rule.epsilon(), rule.floor())
                : 1;
        for (int k = 0; k < order.length; k++) {
            x[k] = weights[k] / divisor * rule.scale();
        }
        return order;
    }

    private static double[] softmax(double[] x) {
        double most = Arrays.stream(x).max().orElseThrow();
        double[] powers = Arrays.stream(x).map(v -> Math.exp(v - most)).toArray();
        double sum = Arrays.stream(powers).sum();
        return Arrays.stream(powers).map(v -> v / sum).toArray();
    }

    static void sorting(OnDevice on) {
        sorting(on, 1, 8, 2);
        sorting(on, 777, 128, 8);
        sorting(on, 20_000, 256, 8);
        sorting(on, 3000, 1000, 1);
    }

    private static void sorting(OnDevice on, int tokens, int experts, int topK) {
        int[] ids = on.random.ints((long) tokens * topK, 0, experts).map(e -> e * e / experts).toArray();
        DeviceBuffer offsets = on.room(4L * (experts + 1));
        DeviceBuffer rowToken = on.room(4L * ids.length);
        DeviceBuffer slotRow = on.room(4L * ids.length);
        try (Permutation permutation = new Permutation(on.cuda, on.kernels, experts, topK, tokens)) {
            permutation.sort(on.stream, tokens, on.ints(ids),
                    new Permutation.Order(offsets.address(), rowToken.address(), slotRow.address()));
            on.stream.synchronize();
        }
        int[] order = IntStream.range(0, ids.length).boxed().sorted(Comparator.comparingInt(i -> ids[i]))
                .mapToInt(i -> i).toArray();
        int[] wantSlots = new int[ids.length];
        for (int row = 0; row < order.length; row++) {
            wantSlots[order[row]] = row;
        }
        int[] wantOffsets = new int[experts + 1];
        for (int id : ids) {
            wantOffsets[id + 1]++;
        }
        Arrays.parallelPrefix(wantOffsets, Integer::sum);
        assertThat(on.readInts(offsets)).isEqualTo(wantOffsets);
        assertThat(on.readInts(slotRow)).isEqualTo(wantSlots);
        assertThat(on.readInts(rowToken)).isEqualTo(Arrays.stream(order).map(i -> i / topK).toArray());
        System.out.printf("sorted %d choices of %d experts%n", ids.length, experts);
    }
}
