package io.moeplan.tensors.stream;

import java.util.List;

/** What threads that read ahead have in common. */
public final class Threads {
    private Threads() {}

    /** Waits until all have ended, even if the calling thread is interrupted (it stays so): they use what is freed next. */
    public static void join(List<Thread> threads) {
        boolean interrupted = false;
        for (Thread thread : threads) {
            while (thread.isAlive()) {
                try {
                    thread.join();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
