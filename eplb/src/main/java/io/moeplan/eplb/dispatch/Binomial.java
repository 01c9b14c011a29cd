package io.moeplan.eplb.dispatch;

import java.util.SplittableRandom;

/** Draws from the binomial distribution; with {@link StrictMath}, so that a seed draws the same on every machine. */
final class Binomial {
    private static final double[] SMALL_LOG_FACTORIALS = smallLogFactorials();

    private Binomial() {}

    /**
     * How many of {@code n} trials succeed. Inverts one uniform number, counting outcomes off from the likeliest one
     * outwards, so that it takes about as many steps as the standard deviation, {@code sqrt(n p (1 - p))}.
     *
     * @param n at least 0
     * @param p the chance of a success, above 0 and below 1
     */
    static int draw(SplittableRandom random, int n, double p) {
        if (n == 0) {
            return 0;
        }
        double odds = p / (1 - p);
        int mode = (int) Math.min(n, (n + 1.0) * p);
        double above = probability(n, mode, p);
        double below = above;
        int up = mode;
        int down = mode;
        double left = random.nextDouble() - above;
        // What rounding leaves over once both tails have vanished is given to the likeliest outcome.
        while (left >= 0 && above + below > 1e-18) {
            above *= odds * (n - up) / (up + 1);
            left -= above;
            up++;
            if (left < 0) {
                return up;
            }
            below *= down / (odds * (n - down + 1));
            left -= below;
            down--;
            if (left < 0) {
                return down;
            }
        }
        return mode;
    }

    private static double probability(int n, int k, double p) {
        return StrictMath.exp(logFactorial(n) - logFactorial(k) - logFactorial(n - k) + k * StrictMath.log(p)
                + (n - k) * StrictMath.log1p(-p));
    }

    /** {@code ln n!}, by Stirling's series from 16 on (to 2e-12). */
    static double logFactorial(int n) {
        if (n < SMALL_LOG_FACTORIALS.length) {
            return SMALL_LOG_FACTORIALS[n];
        }
        double inverse = 1.0 / n;
        double square = inverse * inverse;
        double series = inverse * (1.0 / 12 - square * (1.0 / 360 - square / 1260));
        return (n + 0.5) * StrictMath.log(n) - n + 0.5 * StrictMath.log(2 * Math.PI) + series;
    }

    private static double[] smallLogFactorials() {
        double[] logs = new double[16];
        for (int n = 2; n < logs.length; n++) {
            logs[n] = logs[n - 1] + StrictMath.log(n);
        }
        return logs;
    }
}
