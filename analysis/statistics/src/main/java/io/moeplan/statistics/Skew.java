package io.moeplan.statistics;

import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;
import org.apache.commons.math3.stat.StatUtils;
import org.apache.commons.math3.stat.descriptive.moment.StandardDeviation;

/** Computes {@link LayerSkew}. */
final class Skew {
    private static final double NEAR_DEAD = 0.01;

    private Skew() {}

    /** The skew of one layer's loads {@code [experts]}, in tokens routed. */
    static LayerSkew of(int layer, long[] loads) {
        int experts = loads.length;
        int topExperts = (experts + 9) / 10;
        double[] ascending = Arrays.stream(loads).asDoubleStream().sorted().toArray();
        long routed = Arrays.stream(loads).sum();
        if (routed == 0) {
            double evenShare = experts == 0 ? 0 : (double) topExperts / experts;
            double evenEntropy = Math.log(Math.max(1, experts));
            return new LayerSkew(layer, 0, 0, 1, 0, evenEntropy, 1, experts, 0, topExperts, evenShare, new int[0]);
        }
        double mean = (double) routed / experts;
        double cv = new StandardDeviation(false).evaluate(ascending) / mean;
        double max = ascending[experts - 1];
        double entropy = entropy(ascending, (double) routed);
        double normalised = experts == 1 ? 1 : entropy / Math.log(experts);
        int dead = (int) Arrays.stream(loads).filter(load -> load == 0).count();
        int nearDead = (int) Arrays.stream(loads).filter(load -> load > 0 && load < NEAR_DEAD * mean).count();
        double top = StatUtils.sum(ascending, experts - topExperts, topExperts);
        return new LayerSkew(layer, routed, cv, max / mean, gini(ascending, (double) routed), entropy, normalised, dead,
                nearDead, topExperts, top / routed, hottest(loads));
    }

    private static double gini(double[] ascending, double sum) {
        int n = ascending.length;
        double weighted = 0;
        for (int i = 0; i < n; i++) {
            weighted += (2.0 * (i + 1) - n - 1) * ascending[i];
        }
        return weighted / (n * sum);
    }

    private static double entropy(double[] loads, double sum) {
        double entropy = 0;
        for (double load : loads) {
            if (load > 0) {
                entropy -= load / sum * Math.log(load / sum);
            }
        }
        return entropy;
    }

    private static int[] hottest(long[] loads) {
        return IntStream.range(0, loads.length).filter(expert -> loads[expert] > 0).boxed()
                .sorted(Comparator.comparingLong((Integer expert) -> -loads[expert])).limit(LayerSkew.HOTTEST)
                .mapToInt(Integer::intValue).toArray();
    }
}
