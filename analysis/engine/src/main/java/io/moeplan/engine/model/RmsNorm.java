package io.moeplan.engine.model;

/** Root mean square norm: {@code weight * x / sqrt(mean(x * x) + epsilon)}. */
public record RmsNorm(double epsilon) {}
