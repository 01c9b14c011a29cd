package io.moeplan.engine.backend;

/** Where an operation reports what it has done. May be called by several threads at once. */
@FunctionalInterface
public interface Work {
    /**
     * Reports work.
     *
     * @param flops floating-point operations done since the last call, by the formulas of
     *              {@link io.moeplan.engine.model.Cost}
     * @throws java.util.concurrent.CancellationException if the caller wants no more
     */
    void done(long flops);
}
