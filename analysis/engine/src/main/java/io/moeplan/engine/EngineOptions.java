package io.moeplan.engine;

import io.moeplan.engine.gemm.Precision;
import java.lang.management.ManagementFactory;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * What the engine may use.
 *
 * @param memoryBytes what the whole process may take, in bytes: the weights in flight or mapped, a wave, the program
 * @param threads     threads that compute
 * @param warnings    receives lines the user should see
 * @param waveTokens  tokens of a wave at most, unless one request has more; the less, the less is lost with a run that is
 *                    killed, and the more often all weights are read
 * @param precision   what products are computed in; empty for the fastest that the device has
 */
public record EngineOptions(long memoryBytes, int threads, Consumer<String> warnings, long waveTokens,
        Optional<Precision> precision) {
    /**
     * Checks the numbers.
     *
     * @throws IllegalArgumentException if one is below 1
     */
    public EngineOptions {
        if (memoryBytes < 1 || threads < 1 || waveTokens < 1) {
            throw new IllegalArgumentException("memory, threads and tokens of a wave must be at least 1, not "
                    + memoryBytes + " bytes, " + threads + " and " + waveTokens);
        }
    }

    /** In float32. */
    public EngineOptions(long memoryBytes, int threads, Consumer<String> warnings, long waveTokens) {
        this(memoryBytes, threads, warnings, waveTokens, Optional.of(Precision.FP32));
    }

    /** In float32, in waves as large as memory allows. */
    public EngineOptions(long memoryBytes, int threads, Consumer<String> warnings) {
        this(memoryBytes, threads, warnings, Long.MAX_VALUE);
    }

    /** The same in another precision; empty for the fastest that the device has. */
    public EngineOptions withPrecision(Optional<Precision> other) {
        return new EngineOptions(memoryBytes, threads, warnings, waveTokens, other);
    }

    /** Half of the machine's memory, all of its processors, warnings on standard error, in float32. */
    public static EngineOptions defaults() {
        long memory = ManagementFactory
                .getOperatingSystemMXBean() instanceof com.sun.management.OperatingSystemMXBean os
                        ? os.getTotalMemorySize()
                        : Runtime.getRuntime().maxMemory();
        return new EngineOptions(memory / 2, Runtime.getRuntime().availableProcessors(),
                warning -> System.err.println("warning: " + warning));
    }
}
