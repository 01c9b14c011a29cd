package io.moeplan.eplb.search;

import java.util.SplittableRandom;

/**
 * A score as an AR(1) process around an unknown level, seen through noise: its Kalman filter, run for the score and for
 * a constant 1 at once, which gives the level by generalised least squares and the likelihood with the level left open
 * (the "augmented" filter; de Jong 1991).
 *
 * @param last  the filtered deviation from a level of zero at the last step
 * @param unit  the same for the constant
 * @param error variance of the filtered deviation
 */
record Drift(double persistence, double variance, double logLikelihood, double level, double levelError,
        double last, double unit, double error) {
    static Drift fit(double[] z, double noise, double persistence, double variance) {
        double last = 0;
        double unit = 0;
        double error = 0;
        double nextLast = 0;
        double nextUnit = 0;
        double nextError = variance;
        double logs = 0;
        double zz = 0;
        double z1 = 0;
        double ones = 0;
        for (double seen : z) {
            double spread = nextError + noise;
            double gain = nextError / spread;
            double surprise = seen - nextLast;
            double unitSurprise = 1 - nextUnit;
            logs += Math.log(spread);
            zz += surprise * surprise / spread;
            z1 += surprise * unitSurprise / spread;
            ones += unitSurprise * unitSurprise / spread;
            last = nextLast + gain * surprise;
            unit = nextUnit + gain * unitSurprise;
            error = (1 - gain) * nextError;
            nextLast = persistence * last;
            nextUnit = persistence * unit;
            nextError = persistence * persistence * error + (1 - persistence * persistence) * variance;
        }
        double likelihood = -(logs + zz - z1 * z1 / ones + Math.log(ones)) / 2;
        return new Drift(persistence, variance, likelihood, z1 / ones, 1 / ones, last, unit, error);
    }

    double draw(double ahead, SplittableRandom random) {
        double decay = Math.pow(persistence, ahead);
        double mean = level + decay * (last - level * unit);
        double levelWeight = 1 - decay * unit;
        double spread = variance * (1 - decay * decay) + decay * decay * error
                + levelWeight * levelWeight * levelError;
        return mean + Math.sqrt(spread) * random.nextGaussian();
    }
}
