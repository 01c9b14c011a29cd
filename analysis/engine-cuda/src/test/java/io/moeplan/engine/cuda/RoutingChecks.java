package io.moeplan.engine.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import io.moeplan.engine.model.Router;
import io.moeplan.engine.model.Router.Divisor;
import io.moeplan.engine.model.Router.Groups;
import io.moeplan.engine.model.Router.Score;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Optional;
import java.util.stream.IntStream;

/** The choice of experts and the sorting of rows, against plain loops. */
final class RoutingChecks {
    private static final int TOKENS = 77;

    private RoutingChecks() {}

    static void choice(OnDevice on) {
        choice(on, router(128, 8, Score.SOFTMAX, Divisor.SUM, 1, null), false);
        choice(on, router(8, 2, Score.SOFTMAX, Divisor.SUM, 1, null), false);
        choice(on, router(60, 4, Score.SOFTMAX, Divisor.NONE, 1, null), true);
        choice(on, router(256, 8, Score.SIGMOID, new Divisor(true, 1e-20, 0), 2.5, new Groups(8, 4, 2)), true);
        choice(on, router(160, 6, Score.SOFTMAX, Divisor.NONE, 16, new Groups(8, 3, 1)), false);
        choice(on, router(384, 8, Score.SIGMOID, new Divisor(true, 1e-20, 0), 2.872, null), true);
        choice(on, router(32, 4, Score.SOFTMAX_OF_CHOSEN, Divisor.NONE, 1, null), true);
        choice(on, router(64, 6, Score.SOFTMAX, new Divisor(true, 0, 0.9), 1, null), true);
        choice(on, router(16, 2, Score.SPARSE_MIXER, Divisor.NONE, 1, null), false);
        badLogits(on);
    }

    private static Router router(int experts, int topK, Score score, Divisor divisor, double scale, Groups groups) {
        return new Router(experts, topK, score, divisor, scale, false, false, Optional.ofNullable(groups));
    }

    private static void choice(OnDevice on, Router router, boolean corrected) {
        float[] logits = on.normal(TOKENS * router.experts(), 1.5);
        float[] bias = on.normal(router.experts(), 0.2);
        float[] correction = on.normal(router.experts(), 0.1);
        DeviceBuffer ids = on.room(4L * TOKENS * router.topK());
        DeviceBuffer weights = on.room(4L * TOKENS * router.topK());
        DeviceBuffer packed = on.room(2L * TOKENS * router.topK());
        long bad = on.ints(new int[]{Integer.MAX_VALUE});
        new ExpertChoice(on.kernels, router).choose(on.stream,
                new ExpertChoice.Logits(TOKENS, on.floats(logits), corrected ? on.floats(bias) : 0,
                        corrected ? on.floats(correction) : 0),
                new ExpertChoice.Chosen(ids.address(), packed.address(), weights.address(), bad, 0));
        int[] have = on.readInts(ids);
        byte[] codes = on.readBytes(packed);
        double[] wantWeights = new double[have.length];
        for (int t = 0; t < TOKENS; t++) {
            double[] own = new double[router.experts()];
            for (int e = 0; e < own.length; e++) {
                own[e] = logits[t * own.length + e] + (corrected ? bias[e] : 0);
            }
            int[] want = chosen(router, own, corrected ? correction : new float[own.length]);
            for (int k = 0; k < router.topK(); k++) {
                int at = t * router.topK() + k;
                assertThat(have[at]).as("%s, token %d, choice %d", router, t, k).isEqualTo(want[k]);
                assertThat((codes[2 * at] & 0xff) + 256 * (codes[2 * at + 1] & 0xff)).isEqualTo(want[k]);
                wantWeights[at] = own[k];
            }
        }
        OnDevice.near("weights of " + router, on.readFloats(weights), wantWeights, 1e-5);
    }

    /** The first token with a logit that is not finite is told, and gets experts that exist. */
    private static void badLogits(OnDevice on) {
        Router router = router(40, 3, Score.SOFTMAX, Divisor.SUM, 1, null);
        float[] logits = on.normal(TOKENS * router.experts(), 1);
        logits[50 * router.experts() + 7] = Float.NaN;
        logits[31 * router.experts() + 39] = Float.NEGATIVE_INFINITY;
        DeviceBuffer ids = on.room(4L * TOKENS * router.topK());
        DeviceBuffer bad = on.room(4);
        bad.fill(on.stream, (byte) 0x7f);
        new ExpertChoice(on.kernels, router).choose(on.stream,
                new ExpertChoice.Logits(TOKENS, on.floats(logits), 0, 0),
                new ExpertChoice.Chosen(ids.address(), on.room(2L * TOKENS * router.topK()).address(),
                        on.room(4L * TOKENS * router.topK()).address(), bad.address(), 1000));
        assertThat(on.readInts(bad)).containsExactly(1031);
        assertThat(Arrays.stream(on.readInts(ids))).allMatch(id -> id >= 0 && id < router.experts());
    }

    /** The chosen experts; their weights take the place of the first logits. */
    private static int[] chosen(Router router, double[] x, float[] correction) {
        if (router.score() == Score.SPARSE_MIXER) {
            return mixed(x);
        }
        double[] score = switch (router.score()) {
            case SOFTMAX -> softmax(x);
            case SIGMOID -> Arrays.stream(x).map(v -> 1 / (1 + Math.exp(-v))).toArray();
            default -> x.clone();
        };
        double[] value = score.clone();
        for (int e = 0; e < value.length; e++) {
            value[e] += correction[e];
        }
        Groups limit = router.groups().orElse(new Groups(1, 1, 1));
        int size = value.length / limit.count();
        double[] groups = new double[limit.count()];
        for (int g = 0; g < groups.length; g++) {
            double[] sorted = Arrays.stream(value, g * size, (g + 1) * size).sorted().toArray();
            groups[g] = sorted[size - 1] + (limit.best() == 2 ? sorted[size - 2] : 0);
        }
        boolean[] kept = new boolean[groups.length];
        IntStream.range(0, groups.length).boxed().sorted(Comparator.comparingDouble(g -> -groups[g]))
                .limit(limit.kept()).forEach(g -> kept[g] = true);
        int[] order = IntStream.range(0, value.length).filter(e -> kept[e / size]).boxed()
                .sorted(Comparator.comparingDouble(e -> -value[e])).limit(router.topK()).mapToInt(e -> e).toArray();
        double[] weights = Arrays.stream(order).mapToDouble(e -> score[e]).toArray();
        weights = router.score() == Score.SOFTMAX_OF_CHOSEN ? softmax(weights) : weights;
        double divisor = router.divisor().sum()
                ? Math.max(Arrays.stream(weights).sum() + router.divisor().epsilon(), router.divisor().floor())
                : 1;
        for (int k = 0; k < order.length; k++) {
            x[k] = weights[k] / divisor * router.scale();
        }
        return order;
    }

    /** The two best one after the other, each weighed among those of the rest that are not far below it. */
    private static int[] mixed(double[] x) {
        int[] order = new int[2];
        double[] weights = new double[2];
        boolean[] taken = new boolean[x.length];
        for (int k = 0; k < 2; k++) {
            int best = IntStream.range(0, x.length).filter(e -> !taken[e]).boxed()
                    .max(Comparator.comparingDouble(e -> x[e])).orElseThrow();
            double sum = IntStream.range(0, x.length).filter(e -> !taken[e])
                    .filter(e -> !((x[best] - x[e]) / Math.max(Math.abs(x[e]), x[best]) > 2 * Router.MIXER_JITTER))
                    .mapToDouble(e -> Math.exp(x[e] - x[best])).sum();
            order[k] = best;
            weights[k] = 1 / sum;
            taken[best] = true;
        }
        System.arraycopy(weights, 0, x, 0, 2);
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
