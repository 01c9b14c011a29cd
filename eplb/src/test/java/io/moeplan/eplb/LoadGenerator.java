package io.moeplan.eplb;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Expert loads as they are in practice, seeded. Base popularity is lognormal with a coefficient of variation of 1.28
 * (DeepSeek-R1), with three clusters of four neighbouring experts twice as hot; log-loads drift along four factors that are
 * AR(1) in time (0.97 from step to step, unit variance); the counts of a step are multinomial.
 */
public final class LoadGenerator {
    private static final double CV = 1.28;
    private static final int FACTORS = 4;
    private static final double PERSISTENCE = 0.97;
    private static final int TOKENS_PER_GPU = 128 * 8;

    private LoadGenerator() {}

    /**
     * A trace of {@code 128 * 8} tokens per GPU and step.
     *
     * @param drift standard deviation of the log-loads along each factor: 0 none, 0.12 ordinary, 0.4 strong
     */
    public static LoadTrace trace(int layers, int experts, int gpus, double drift, int steps, long seed) {
        int[][] counts = new int[steps][layers * experts];
        for (int layer = 0; layer < layers; layer++) {
            SplittableRandom random = new SplittableRandom(seed * 1000 + layer);
            double[] base = base(experts, random);
            double[][] factors = new double[FACTORS][experts];
            for (double[] factor : factors) {
                Arrays.setAll(factor, e -> random.nextGaussian());
            }
            double[] z = random.doubles(FACTORS).map(ignored -> random.nextGaussian()).toArray();
            for (int step = 0; step < steps; step++) {
                double[] weight = new double[experts];
                for (int e = 0; e < experts; e++) {
                    double log = 0;
                    for (int k = 0; k < FACTORS; k++) {
                        log += z[k] * factors[k][e];
                    }
                    weight[e] = base[e] * Math.exp(drift * log);
                }
                multinomial(TOKENS_PER_GPU * gpus, weight, random, counts[step], layer * experts);
                Arrays.setAll(z, k -> PERSISTENCE * z[k]
                        + Math.sqrt(1 - PERSISTENCE * PERSISTENCE) * random.nextGaussian());
            }
        }
        List<LoadTrace.Step> list = new ArrayList<>();
        for (int step = 0; step < steps; step++) {
            list.add(new LoadTrace.Step(step, Phase.MIXED, TOKENS_PER_GPU * gpus, counts[step]));
        }
        int[] ids = new int[layers];
        Arrays.setAll(ids, layer -> layer);
        return new LoadTrace(ids, experts, list);
    }

    /** One step's loads without drift, as a trace of one step; {@code [layers]} independent draws. */
    public static LoadTrace window(int layers, int experts, long seed) {
        int[] counts = new int[layers * experts];
        SplittableRandom random = new SplittableRandom(seed);
        for (int layer = 0; layer < layers; layer++) {
            double[] base = base(experts, random);
            for (int e = 0; e < experts; e++) {
                counts[layer * experts + e] = (int) (base[e] * 100_000);
            }
        }
        int[] ids = new int[layers];
        Arrays.setAll(ids, layer -> layer);
        return new LoadTrace(ids, experts, List.of(new LoadTrace.Step(0, Phase.MIXED, 1, counts)));
    }

    private static double[] base(int experts, SplittableRandom random) {
        double sigma = Math.sqrt(Math.log1p(CV * CV));
        double[] base = new double[experts];
        Arrays.setAll(base, e -> Math.exp(sigma * random.nextGaussian()));
        for (int cluster = 0; cluster < 3 && experts > 4; cluster++) {
            int first = random.nextInt(experts - 4);
            for (int e = first; e < first + 4; e++) {
                base[e] *= 2;
            }
        }
        return base;
    }

    private static void multinomial(int draws, double[] weight, SplittableRandom random, int[] counts, int from) {
        double[] cumulative = new double[weight.length];
        double sum = 0;
        for (int e = 0; e < weight.length; e++) {
            sum += weight[e];
            cumulative[e] = sum;
        }
        for (int i = 0; i < draws; i++) {
            int at = Arrays.binarySearch(cumulative, random.nextDouble() * sum);
            counts[from + Math.min(weight.length - 1, at < 0 ? -at - 1 : at + 1)]++;
        }
    }
}
