package io.moeplan.engine.cuda;

/** The time during which at least one of several threads is at work. */
final class BusyClock {
    private int busy;
    private long since;
    private long nanos;

    synchronized void begin() {
        if (busy++ == 0) {
            since = System.nanoTime();
        }
    }

    synchronized void end() {
        if (--busy == 0) {
            nanos += System.nanoTime() - since;
        }
    }

    synchronized double seconds() {
        return (busy > 0 ? nanos + System.nanoTime() - since : nanos) / 1e9;
    }
}
