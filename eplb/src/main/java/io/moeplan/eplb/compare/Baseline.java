package io.moeplan.eplb.compare;

/**
 * The layout that a plan's gain, verdict and moves are against.
 *
 * @param layout      {@link Comparison#CURRENT} or {@code contiguous}
 * @param slotsPerGpu slots that it has on each GPU, per layer
 * @param redundant   replicas that it has beyond one per expert, over all GPUs, per layer
 */
public record Baseline(String layout, int slotsPerGpu, int redundant) {}
