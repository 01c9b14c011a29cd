package io.moeplan.eplb.judge;

import java.util.Arrays;

/**
 * Accumulates a {@link Balance}, step by step and layer by layer. A layer without tokens in a step is left out of that
 * step, a step without tokens altogether is left out: neither says anything about balance. With nothing counted at all
 * every figure is the even one.
 */
final class BalanceMeter {
    /** SGLang's guard against dividing by zero. */
    private static final double SGLANG_EPSILON = 1e-5;

    private double sglang;
    private double tensorRtLlm;
    private double vllmAscend;
    private double vllm;
    private int samples;

    private double stepMax;
    private double stepMean;
    private final double[] maxima;
    private final double[] means;
    private int steps;

    /** @param maxSteps no more steps than these will be counted */
    BalanceMeter(int maxSteps) {
        maxima = new double[maxSteps];
        means = new double[maxSteps];
    }

    /** Counts one layer of the current step. */
    void layer(double mean, double max) {
        if (mean == 0) {
            return;
        }
        samples++;
        sglang += (mean + SGLANG_EPSILON) / (max + SGLANG_EPSILON);
        tensorRtLlm += (max - mean) / mean;
        vllmAscend += max / mean;
        stepMax += max;
        stepMean += mean;
    }

    /** Ends the current step. */
    void endStep() {
        if (stepMean == 0) {
            return;
        }
        vllm += stepMean / stepMax;
        maxima[steps] = stepMax;
        means[steps++] = stepMean;
        stepMax = 0;
        stepMean = 0;
    }

    /** Steps with tokens so far. */
    int steps() {
        return steps;
    }

    Balance balance() {
        if (steps == 0) {
            return new Balance(1, 1, 0, 1, 1, 1, 1);
        }
        double sumMax = 0;
        double sumMean = 0;
        double[] sorted = new double[steps];
        for (int step = 0; step < steps; step++) {
            sumMax += maxima[step];
            sumMean += means[step];
            sorted[step] = maxima[step] / means[step];
        }
        Arrays.sort(sorted);
        return new Balance(sglang / samples, vllm / steps, tensorRtLlm / samples, vllmAscend / samples,
                sumMax / sumMean, percentile(sorted, 0.5), percentile(sorted, 0.99));
    }

    /** The steps counted so far. */
    StepSums stepSums() {
        return new StepSums(Arrays.copyOf(maxima, steps), Arrays.copyOf(means, steps));
    }

    /** Linear between the two nearest ranks, as numpy's default. */
    static double percentile(double[] sorted, double share) {
        double rank = share * (sorted.length - 1);
        int below = (int) rank;
        int above = Math.min(below + 1, sorted.length - 1);
        return sorted[below] + (rank - below) * (sorted[above] - sorted[below]);
    }
}
