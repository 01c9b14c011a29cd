package io.moeplan.engine.cuda;

import io.moeplan.engine.cuda.kernels.Attention;

/**
 * Consecutive tokens of a wave, on the device.
 *
 * @param first     the wave's number of the first of them
 * @param count     how many
 * @param residual  float32 {@code [count][hidden]}
 * @param normed    activations {@code [count][hidden]}
 * @param positions int32 {@code [count]}, of each in its sequence
 * @param range     int32 {@code {0, count}}: of all of them
 * @param sequences how many whole sequences they are; 0 if they need not be whole
 * @param starts    int32 {@code [sequences + 1]}, the first token of each, counted from {@code first}
 * @param tiles     of these sequences, for {@link Attention}; null if they need not be whole
 */
record Tokens(int first, int count, long residual, long normed, long positions, long range, int sequences, long starts,
        Attention.Tiles tiles) {}
