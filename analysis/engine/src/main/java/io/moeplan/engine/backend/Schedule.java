package io.moeplan.engine.backend;

/**
 * What a run is going to ask of a backend: this many waves, each of which goes through the same layers in order.
 *
 * @param waves      how many waves
 * @param layers     how many layers run, from the first
 * @param routeOnly  whether the last of them ends with its router
 * @param mostTokens tokens of the largest wave
 * @param longest    tokens of the longest sequence
 */
public record Schedule(int waves, int layers, boolean routeOnly, int mostTokens, int longest) {}
