package io.moeplan.eplb.judge;

import java.util.Arrays;

/** How alike neighbouring steps are, and what that means for the mean over them. */
final class StepLikeness {
    /** The two-sided 5 % point of the normal distribution. */
    private static final double NORMAL = 1.959963984540054;
    /** Nobody has fewer degrees of freedom than these: with less, Student's t says nothing but "unknown". */
    private static final double LEAST_FREEDOM = 2;
    /** Above this correlation steps last longer than any window says. */
    private static final double MOST_CORRELATION = 0.97;

    private StepLikeness() {}

    /**
     * The length of blocks for a circular block bootstrap of the mean that has the least mean squared error, estimated with
     * a flat-top window: D. Politis and H. White, "Automatic block-length selection for the dependent bootstrap",
     * Econometric Reviews 23 (2004), with the correction by A. Patton, D. Politis and H. White, ibid. 28 (2009).
     *
     * @param x steps in order, two or more
     * @return at least 1, at most a third of the steps
     */
    static int blockLength(double[] x) {
        int n = x.length;
        int neighbours = Math.max(5, (int) Math.ceil(Math.sqrt(Math.log10(n))));
        int longest = Math.min(n - 1, (int) Math.ceil(Math.sqrt(n)) + neighbours);
        double[] covariance = covariances(x, Math.min(n - 1, longest + neighbours));
        if (!(covariance[0] > 0)) {
            return 1;
        }
        // Lags up to twice the one from which on correlations are not distinguishable from none.
        double negligible = 2 * Math.sqrt(Math.log10(n) / n) * covariance[0];
        int last = 0;
        while (last < longest && !negligible(covariance, last + 1, neighbours, negligible)) {
            last++;
        }
        int lags = Math.min(2 * Math.max(1, last), longest);
        double spectrum = covariance[0];
        double slope = 0;
        for (int lag = 1; lag <= lags; lag++) {
            double window = Math.min(1, 2 * (1 - (double) lag / lags));
            spectrum += 2 * window * covariance[lag];
            slope += 2 * window * lag * covariance[lag];
        }
        if (!(spectrum > 0)) {
            return 1;
        }
        double best = Math.cbrt(2 * slope * slope / (4.0 / 3 * spectrum * spectrum) * n);
        double most = Math.min(3 * Math.sqrt(n), n / 3.0);
        return (int) Math.max(1, Math.round(Math.min(best, most)));
    }

    private static boolean negligible(double[] covariance, int from, int count, double limit) {
        for (int lag = from; lag < Math.min(covariance.length, from + count); lag++) {
            if (Math.abs(covariance[lag]) >= limit) {
                return false;
            }
        }
        return true;
    }

    /**
     * Half the width of the 95 % interval of a mean over steps, were they a first-order autoregressive process: its
     * correlation from step to step corrected for the bias that the estimate has (M. Kendall 1954), its variance of the
     * mean, and Student's t with as many degrees of freedom as there are steps' worth of independent ones, less one.
     *
     * @param x steps in order, two or more
     */
    static double margin(double[] x) {
        int n = x.length;
        double[] covariance = covariances(x, 1);
        if (!(covariance[0] > 0)) {
            return 0;
        }
        double seen = covariance[1] / covariance[0];
        double correlation = Math.clamp(seen + (1 + 3 * seen) / n, 0, MOST_CORRELATION);
        // The variance of a mean over n steps, in units of that over n independent ones.
        double inflation = 1;
        double power = 1;
        for (int lag = 1; lag < n; lag++) {
            power *= correlation;
            inflation += 2 * (1 - (double) lag / n) * power;
        }
        // Deviations from the window's own mean show less than the whole variance.
        double variance = covariance[0] / Math.max(0.2, 1 - inflation / n);
        double freedom = Math.max(LEAST_FREEDOM, n / inflation - 1);
        return studentT(freedom) * Math.sqrt(variance * inflation / n);
    }

    /** Sums of products with the step {@code lag} later over n, {@code [lags + 1]}. */
    private static double[] covariances(double[] x, int lags) {
        double mean = Arrays.stream(x).average().orElseThrow();
        double[] covariance = new double[lags + 1];
        for (int lag = 0; lag <= lags; lag++) {
            for (int i = 0; i + lag < x.length; i++) {
                covariance[lag] += (x[i] - mean) * (x[i + lag] - mean) / x.length;
            }
        }
        return covariance;
    }

    /**
     * The two-sided 5 % point of Student's t: G. Hill, "Algorithm 396: Student's t-quantiles", Communications of the ACM 13
     * (1970), whose first branch is for so few degrees of freedom only that they do not come here.
     *
     * @param freedom degrees of freedom, 2 or more, not necessarily whole
     */
    static double studentT(double freedom) {
        double p = 1 - Bootstrap.LEVEL;
        if (freedom <= 2) {
            return Math.sqrt(2 / (p * (2 - p)) - 2);
        }
        double a = 1 / (freedom - 0.5);
        double b = 48 / (a * a);
        double c = ((20700 * a / b - 98) * a - 16) * a + 96.36;
        double d = ((94.5 / (b + c) - 3) / b + 1) * Math.sqrt(a * Math.PI / 2) * freedom;
        double y = Math.pow(d * p, 2 / freedom);
        if (y > 0.05 + a) {
            double x = -NORMAL;
            y = x * x;
            c += freedom < 5 ? 0.3 * (freedom - 4.5) * (x + 0.6) : 0;
            c = (((0.05 * d * x - 5) * x - 7) * x - 2) * x + b + c;
            y = (((((0.4 * y + 6.3) * y + 36) * y + 94.5) / c - y - 3) / b + 1) * x;
            y = Math.expm1(a * y * y);
        } else {
            y = ((1 / (((freedom + 6) / (freedom * y) - 0.089 * d - 0.822) * (freedom + 2) * 3) + 0.5 / (freedom + 4))
                    * y
                    - 1) * (freedom + 1) / (freedom + 2) + 1 / y;
        }
        return Math.sqrt(freedom * y);
    }
}
