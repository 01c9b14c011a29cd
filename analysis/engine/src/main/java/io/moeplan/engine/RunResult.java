package io.moeplan.engine;

import io.moeplan.engine.backend.Reading;

/**
 * What a run took.
 *
 * @param waves   how many times the weights were read
 * @param seconds from the first embedding to the last row handed to the sink
 * @param flops   floating-point operations of the matrix products
 * @param reading weights read ahead
 */
public record RunResult(int requests, long tokens, int waves, double seconds, long flops, Reading reading) {
    public double tokensPerSecond() {
        return tokens / seconds;
    }
}
