package io.moeplan.engine;

import java.util.Optional;
import java.util.function.BooleanSupplier;

/**
 * Who takes part in a run beside the recorder.
 *
 * @param cancelled asked between tasks by several threads; once true, the run stops with a CancellationException
 */
public record RunOptions(Progress.Listener progress, BooleanSupplier cancelled, Optional<Observer> observer) {
    /** Nobody listens, nothing cancels (but an interrupt), routing only. */
    public static RunOptions quiet() {
        return new RunOptions(progress -> {}, () -> false, Optional.empty());
    }

    /** As {@link #quiet} with an observer. */
    public static RunOptions observedBy(Observer observer) {
        return new RunOptions(progress -> {}, () -> false, Optional.of(observer));
    }
}
