package io.moeplan.engine.model;

/**
 * The norm before each block and before the head.
 *
 * @param kind    RMS: {@code w * x / sqrt(mean(x * x) + epsilon)}; LAYER: {@code w * (x - mean) / sqrt(variance + epsilon) +
 *                b}
 * @param onePlus whether checkpoints store {@code w - 1}
 */
public record Norm(Kind kind, double epsilon, boolean onePlus) {
    public enum Kind {
        RMS, LAYER
    }

    public static Norm rms(double epsilon) {
        return new Norm(Kind.RMS, epsilon, false);
    }
}
