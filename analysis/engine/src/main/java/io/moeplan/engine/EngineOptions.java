package io.moeplan.engine;

import java.lang.management.ManagementFactory;
import java.util.function.Consumer;

/**
 * What the engine may use.
 *
 * @param memoryBytes what a wave may take, in bytes; a single request is always run, however much it takes
 * @param threads     threads that compute
 * @param warnings    receives lines the user should see
 */
public record EngineOptions(long memoryBytes, int threads, Consumer<String> warnings) {
    /**
     * Checks the numbers.
     *
     * @throws IllegalArgumentException if one is below 1
     */
    public EngineOptions {
        if (memoryBytes < 1 || threads < 1) {
            throw new IllegalArgumentException(
                    "memory and threads must be at least 1, not " + memoryBytes + " bytes and " + threads);
        }
    }

    /** Half of the machine's memory, all of its processors, warnings on standard error. */
    public static EngineOptions defaults() {
        long memory = ManagementFactory
                .getOperatingSystemMXBean() instanceof com.sun.management.OperatingSystemMXBean os
                        ? os.getTotalMemorySize()
                        : Runtime.getRuntime().maxMemory();
        return new EngineOptions(memory / 2, Runtime.getRuntime().availableProcessors(),
                warning -> System.err.println("warning: " + warning));
    }
}
