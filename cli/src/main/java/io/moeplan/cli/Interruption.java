package io.moeplan.cli;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Ctrl-C (or TERM) while something is being recorded: the work is asked to stop, and the program ends only when what was
 * recorded so far lies on the disk.
 */
final class Interruption implements AutoCloseable {
    /** A layer's tile of work takes well under a second; a disk that hangs must not keep the program for ever. */
    private static final long PATIENCE_SECONDS = 20;

    private final CountDownLatch ended = new CountDownLatch(1);
    private final Thread hook = Thread.ofPlatform().unstarted(this::stopWork);
    private volatile boolean requested;

    private Interruption() {}

    /** From here to {@link #close()} an interrupt waits for the work. */
    static Interruption watch() {
        Interruption interruption = new Interruption();
        Runtime.getRuntime().addShutdownHook(interruption.hook);
        return interruption;
    }

    boolean requested() {
        return requested;
    }

    private void stopWork() {
        requested = true;
        try {
            // Nothing is left to do if it does not end in time: what was flushed is readable all the same.
            boolean inTime = ended.await(PATIENCE_SECONDS, TimeUnit.SECONDS);
            assert inTime : "the work did not stop";
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        ended.countDown();
        if (!requested) {
            Runtime.getRuntime().removeShutdownHook(hook);
        }
    }
}
