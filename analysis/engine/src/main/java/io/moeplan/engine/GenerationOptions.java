package io.moeplan.engine;

import io.moeplan.engine.generate.Sampling;
import java.util.function.BooleanSupplier;

/**
 * How to generate, and who takes part.
 *
 * @param maxNewTokens tokens of a response at most
 * @param ignoreEos    whether responses go on after a stop token
 * @param cancelled    asked between tasks by several threads; once true, generation stops with a CancellationException
 */
public record GenerationOptions(int maxNewTokens, Sampling sampling, boolean ignoreEos,
        GenerationProgress.Listener progress,
        BooleanSupplier cancelled) {
    /**
     * Checks the number.
     *
     * @throws IllegalArgumentException if it is below 1
     */
    public GenerationOptions {
        if (maxNewTokens < 1) {
            throw new IllegalArgumentException("at least one new token can be generated, not " + maxNewTokens);
        }
    }

    /** Nobody listens, nothing cancels (but an interrupt). */
    public static GenerationOptions quiet(int maxNewTokens, Sampling sampling) {
        return new GenerationOptions(maxNewTokens, sampling, false, progress -> {}, () -> false);
    }
}
