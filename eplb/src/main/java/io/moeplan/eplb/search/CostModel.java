package io.moeplan.eplb.search;

import java.util.Arrays;

/**
 * The time that one MoE layer takes in one step, in seconds.
 *
 * <p>As measured end to end, {@code flatSeconds + slopeSeconds * max(0, x - deadZone)} with x the fullest GPU's load over
 * the mean: below some imbalance kernels and communication hide it. Within a GPU,
 * {@code tokenSeconds * tokens + weightSeconds * experts activated}: a GPU computes tokens and reads the weights of every
 * expert that gets any.
 *
 * @param flatSeconds   time that balance does not change
 * @param slopeSeconds  time for each 1 of max / mean beyond the dead zone
 * @param deadZone      max / mean up to which imbalance costs nothing, 1 or more
 * @param tokenSeconds  computing one token in one expert
 * @param weightSeconds reading one expert's weights
 */
public record CostModel(double flatSeconds, double slopeSeconds, double deadZone, double tokenSeconds,
        double weightSeconds) {
    /**
     * A DeepSeek-V3 expert (3 x 7168 x 2048 parameters in FP8, 44 MB) on an H100 SXM: 2 FLOP per parameter and token at a
     * third of the peak of 1979 TFLOPS, weights at 3.35 TB/s. So reading an expert costs as much as computing about 100
     * tokens.
     */
    public static final double TOKEN_SECONDS = 2 * 44.04e6 / (1979e12 / 3);
    public static final double WEIGHT_SECONDS = 44.04e6 / 3.35e12;
    /** Within the 1.03 to 1.10 measured on H20; other set-ups were far higher, so calibrate. */
    public static final double DEAD_ZONE = 1.05;
    /** Without measurements: time follows the fullest GPU, in units of an evenly loaded layer. */
    public static final CostModel DEFAULT = new CostModel(1, 1, DEAD_ZONE, TOKEN_SECONDS, WEIGHT_SECONDS);

    /** Dead zones tried between neighbouring measured ratios. */
    private static final int GRID = 20;

    /** @throws IllegalArgumentException if a constant is negative or not a number, or the dead zone is below 1 */
    public CostModel {
        if (!(flatSeconds >= 0 && slopeSeconds >= 0 && deadZone >= 1 && tokenSeconds >= 0 && weightSeconds >= 0)) {
            throw new IllegalArgumentException("a cost model's times are 0 or more, its dead zone is 1 or more");
        }
    }

    /** The time of a layer whose fullest GPU has this max / mean. */
    public double seconds(double maxOverMean) {
        return flatSeconds + slopeSeconds * Math.max(0, maxOverMean - deadZone);
    }

    /** Expected time of a GPU on one replica among {@code replicas} of an expert that gets {@code tokens} in the step. */
    public double replicaSeconds(double tokens, int replicas) {
        return tokenSeconds * tokens / replicas + weightSeconds * activated(tokens, replicas);
    }

    /**
     * The chance that a replica gets any token when an expert's tokens choose among its replicas at random: with n tokens
     * {@code 1 - (1 - 1/r)^n}; with a number of tokens that is Poisson around its expectation n, {@code 1 - exp(-n / r)}.
     */
    static double activated(double expectedTokens, int replicas) {
        return -Math.expm1(-expectedTokens / replicas);
    }

    /**
     * The same model with flat time, slope and dead zone by least squares from measurements: for each possible dead zone
     * (the measured ratios and points between them) a straight line is fitted.
     *
     * @param maxOverMean measured imbalance, {@code [measurements]}
     * @param seconds     measured times, {@code [measurements]}
     * @throws IllegalArgumentException if there are fewer than three different ratios, or time does not grow with them
     */
    public CostModel calibrate(double[] maxOverMean, double[] seconds) {
        double[] ratios = Arrays.stream(maxOverMean).filter(x -> x >= 1).distinct().sorted().toArray();
        if (maxOverMean.length != seconds.length || ratios.length < 3) {
            throw new IllegalArgumentException("calibrating takes as many times as ratios max / mean, at least three"
                    + " different ones of 1 or more; got " + ratios.length);
        }
        CostModel best = null;
        double bestError = Double.POSITIVE_INFINITY;
        for (int i = 0; i + 1 < ratios.length; i++) {
            for (int part = 0; part < GRID; part++) {
                double zone = ratios[i] + (ratios[i + 1] - ratios[i]) * part / GRID;
                CostModel fit = line(zone, maxOverMean, seconds);
                double error = fit == null ? Double.POSITIVE_INFINITY : fit.squaredError(maxOverMean, seconds);
                if (error < bestError) {
                    best = fit;
                    bestError = error;
                }
            }
        }
        if (best == null) {
            throw new IllegalArgumentException("the measured times do not grow with max / mean");
        }
        return best;
    }

    private CostModel line(double zone, double[] maxOverMean, double[] seconds) {
        int n = seconds.length;
        double meanX = 0;
        double meanT = 0;
        for (int i = 0; i < n; i++) {
            meanX += Math.max(0, maxOverMean[i] - zone) / n;
            meanT += seconds[i] / n;
        }
        double xx = 0;
        double xt = 0;
        for (int i = 0; i < n; i++) {
            double x = Math.max(0, maxOverMean[i] - zone) - meanX;
            xx += x * x;
            xt += x * (seconds[i] - meanT);
        }
        double slope = xt / xx;
        double flat = meanT - slope * meanX;
        return xx > 0 && slope > 0 && flat >= 0 ? new CostModel(flat, slope, zone, tokenSeconds, weightSeconds) : null;
    }

    private double squaredError(double[] maxOverMean, double[] seconds) {
        double sum = 0;
        for (int i = 0; i < seconds.length; i++) {
            double error = seconds(maxOverMean[i]) - seconds[i];
            sum += error * error;
        }
        return sum;
    }
}
