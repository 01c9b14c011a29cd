package io.moeplan.engine;

/**
 * What a run took.
 *
 * @param waves   how many times the weights were read
 * @param seconds from the first embedding to the last row handed to the sink
 * @param flops   floating-point operations of the matrix products
 */
public record RunResult(int requests, long tokens, int waves, double seconds, long flops) {
    public double tokensPerSecond() {
        return tokens / seconds;
    }
}
