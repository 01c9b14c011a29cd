package io.moeplan.eplb.compare;

import java.util.OptionalLong;

/**
 * What loading a plan would move from the {@link Baseline}, with its GPUs named so that as little as possible moves.
 *
 * @param moves replicas whose GPU does not hold the expert yet, over all layers
 * @param share of all replicas
 * @param bytes of their weights; empty if nobody knows what an expert weighs
 */
public record Moves(long moves, double share, OptionalLong bytes) {}
