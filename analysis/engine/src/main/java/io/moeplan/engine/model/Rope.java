package io.moeplan.engine.model;

import java.util.List;

/**
 * Rotary position embedding of the first {@code 2 * frequencies.length} elements of a head (the last ones in
 * {@link Attention.Latent}).
 *
 * @param frequencies radians per position of each pair, {@code [rotated width / 2]}
 * @param magnitude   what cosine and sine are multiplied with (1 unless scaled by yarn)
 * @param interleaved whether neighbours are paired, rather than element i with element i + half (transformers'
 *                    {@code rotate_half})
 */
public record Rope(float[] frequencies, float magnitude, boolean interleaved) {
    Rope(float[] frequencies, float magnitude) {
        this(frequencies, magnitude, false);
    }

    /** The same with neighbours paired. */
    public Rope pairingNeighbours() {
        return new Rope(frequencies, magnitude, true);
    }

    /** {@code theta ^ (-2i / dimensions)}. */
    public static Rope plain(double theta, int dimensions) {
        return linear(theta, dimensions, 1);
    }

    /** Positions divided by {@code factor} (Chen et al. 2023, arXiv 2306.15595). */
    public static Rope linear(double theta, int dimensions, double factor) {
        float[] frequencies = new float[dimensions / 2];
        for (int i = 0; i < frequencies.length; i++) {
            frequencies[i] = (float) (Math.pow(theta, -2.0 * i / dimensions) / factor);
        }
        return new Rope(frequencies, 1);
    }

    /** Each pair slowed down by a factor of its own (Ding et al. 2024, arXiv 2402.13753). */
    static Rope scaled(double theta, List<Double> factors, double magnitude) {
        float[] frequencies = new float[factors.size()];
        for (int i = 0; i < frequencies.length; i++) {
            frequencies[i] = (float) (Math.pow(theta, -1.0 * i / frequencies.length) / factors.get(i));
        }
        return new Rope(frequencies, (float) magnitude);
    }

    /**
     * Llama 3.1's interpolation, as transformers' {@code _compute_llama3_parameters} does it.
     *
     * @param original positions the model was trained for before scaling
     * @param low      pairs that turn less often than this within {@code original} are slowed down by {@code factor}
     * @param high     pairs that turn more often than this keep their frequency
     */
    static Rope llama3(double theta, int dimensions, double factor, int original, double low, double high) {
        float[] frequencies = plain(theta, dimensions).frequencies();
        for (int i = 0; i < frequencies.length; i++) {
            double turns = original * frequencies[i] / (2 * Math.PI);
            if (turns < low) {
                frequencies[i] /= (float) factor;
            } else if (turns <= high && high > low) {
                double kept = (turns - low) / (high - low);
                frequencies[i] = (float) ((1 - kept) * frequencies[i] / factor + kept * frequencies[i]);
            }
        }
        return new Rope(frequencies, 1);
    }

    /**
     * NTK-by-parts interpolation (Peng et al. 2023, arXiv 2309.00071), as transformers'
     * {@code _compute_yarn_parameters} does it.
     *
     * @param original  positions the model was trained for before scaling
     * @param betaFast  pairs that turn more often than this within {@code original} keep their frequency
     * @param betaSlow  pairs that turn less often than this are interpolated fully
     * @param truncate  whether the bounds between the two are rounded outwards to whole pairs
     * @param magnitude the attention factor
     */
    public static Rope yarn(double theta, int dimensions, double factor, int original, double betaFast, double betaSlow,
            boolean truncate, double magnitude) {
        double low = pairTurning(betaFast, theta, dimensions, original);
        double high = pairTurning(betaSlow, theta, dimensions, original);
        if (truncate) {
            low = Math.floor(low);
            high = Math.ceil(high);
        }
        low = Math.max(low, 0);
        high = Math.min(high, dimensions - 1);
        double span = low == high ? 0.001 : high - low;
        float[] frequencies = new float[dimensions / 2];
        for (int i = 0; i < frequencies.length; i++) {
            double kept = 1 - Math.clamp((i - low) / span, 0.0, 1.0);
            double frequency = Math.pow(theta, -2.0 * i / dimensions);
            frequencies[i] = (float) (frequency / factor * (1 - kept) + frequency * kept);
        }
        return new Rope(frequencies, (float) magnitude);
    }

    /** The (fractional) pair that turns {@code turns} times within {@code original} positions. */
    private static double pairTurning(double turns, double theta, int dimensions, int original) {
        return dimensions * Math.log(original / (turns * 2 * Math.PI)) / (2 * Math.log(theta));
    }
}
