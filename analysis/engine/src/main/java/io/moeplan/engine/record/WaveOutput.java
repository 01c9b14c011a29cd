package io.moeplan.engine.record;

import java.io.IOException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/** Hands waves to a sink in a thread of its own, one at a time, while the engine computes the next. */
final class WaveOutput {
    private FutureTask<Void> running;

    /**
     * Begins with a wave, once the one before it is through. Closes it in the end.
     *
     * @throws IOException if the sink failed with the one before
     */
    void begin(TokenWave wave, RecordingSink sink) throws IOException {
        try {
            finish();
        } catch (IOException | RuntimeException | Error e) {
            wave.close();
            throw e;
        }
        FutureTask<Void> task = new FutureTask<>(() -> {
            wave.writeTo(sink);
            return null;
        });
        running = task;
        Thread.ofPlatform().daemon().name("moeplan-recording").start(() -> {
            task.run();
            wave.close(); // nobody need wait for that
        });
    }

    /**
     * Waits until all is through, even if the thread is interrupted (it stays so): no one else may use the sink before.
     *
     * @throws IOException if the sink failed; told once
     */
    void finish() throws IOException {
        FutureTask<Void> last = running;
        running = null;
        boolean interrupted = false;
        try {
            while (last != null) {
                try {
                    last.get();
                    return;
                } catch (InterruptedException e) {
                    interrupted = true;
                } catch (ExecutionException e) {
                    throw asThrown(e);
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private static IOException asThrown(ExecutionException e) {
        return switch (e.getCause()) {
            case IOException known -> known;
            case RuntimeException unchecked -> throw unchecked;
            case Error error -> throw error;
            default -> throw new IllegalStateException(e.getCause());
        };
    }
}
