package io.moeplan.statistics;

import java.util.Arrays;

/** Divergences between two load vectors. */
final class Divergence {
    private static final double LN2 = Math.log(2);

    private Divergence() {}

    /**
     * Jensen-Shannon divergence to base 2 of the shares of {@code a} and {@code b}, both {@code [experts]}; 0 to 1, and 0
     * if either has no load.
     */
    static double jensenShannon(long[] a, long[] b) {
        double sumA = Arrays.stream(a).sum();
        double sumB = Arrays.stream(b).sum();
        if (sumA == 0 || sumB == 0) {
            return 0;
        }
        double nats = 0;
        for (int e = 0; e < a.length; e++) {
            double p = a[e] / sumA;
            double q = b[e] / sumB;
            double middle = (p + q) / 2;
            nats += (relative(p, middle) + relative(q, middle)) / 2;
        }
        return Math.clamp(nats / LN2, 0.0, 1.0);
    }

    /** The divergence that two samples of the same shares show; see {@link TagDifference}. */
    static double samplingNoise(long[] a, long[] b) {
        double sumA = Arrays.stream(a).sum();
        double sumB = Arrays.stream(b).sum();
        if (sumA == 0 || sumB == 0) {
            return 0;
        }
        int loaded = 0;
        for (int e = 0; e < a.length; e++) {
            loaded += a[e] + b[e] > 0 ? 1 : 0;
        }
        return Math.min(1, (loaded - 1) * (1 / sumA + 1 / sumB) / (8 * LN2));
    }

    private static double relative(double p, double middle) {
        return p == 0 ? 0 : p * Math.log(p / middle);
    }
}
