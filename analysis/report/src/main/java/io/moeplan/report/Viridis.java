package io.moeplan.report;

import java.util.Locale;

/**
 * The viridis colour map (van der Walt and Smith, 2015): even steps in lightness, legible without colour vision and in
 * grey print. Computed from a sixth-degree polynomial fitted to its table (Matt Zucker, CC0).
 */
final class Viridis {
    private static final double[] RED = {0.2777273272234177, 0.1050930431085774, -0.3308618287255563,
        -4.634230498983486, 6.228269936347081, 4.776384997670288, -5.435455855934631};
    private static final double[] GREEN = {0.005407344544966578, 1.404613529898575, 0.214847559468213,
        -5.799100973351585, 14.17993336680509, -13.74514537774601, 4.645852612178535};
    private static final double[] BLUE = {0.3340998053353061, 1.384590162594685, 0.09509516302823659,
        -19.33244095627987, 56.69055260068105, -65.35303263337234, 26.3124352495832};

    private Viridis() {}

    /** The colour at {@code t}, 0 (dark violet) to 1 (yellow), as {@code #rrggbb}. */
    static String at(double t) {
        return String.format(Locale.ROOT, "#%02x%02x%02x", channel(RED, t), channel(GREEN, t), channel(BLUE, t));
    }

    private static int channel(double[] coefficients, double t) {
        double value = 0;
        for (int i = coefficients.length - 1; i >= 0; i--) {
            value = value * t + coefficients[i];
        }
        return Math.clamp(Math.round(255 * value), 0, 255);
    }
}
