package io.moeplan.tensors.stream;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
final class ThreadsTest {
    @Test
    void waitsForAllThoughInterrupted() throws InterruptedException {
        CountDownLatch go = new CountDownLatch(1);
        List<Thread> readers = List.of(waiting(go), waiting(go));
        boolean[] interrupted = new boolean[1];
        Thread joining = Thread.ofPlatform().start(() -> {
            Threads.join(readers);
            interrupted[0] = Thread.currentThread().isInterrupted();
        });
        joining.interrupt();
        joining.join(50);
        assertThat(joining.isAlive()).as("readers are at work").isTrue();
        go.countDown();
        joining.join();
        assertThat(interrupted[0]).isTrue();
        assertThat(readers).noneMatch(Thread::isAlive);
    }

    private static Thread waiting(CountDownLatch go) {
        return Thread.ofPlatform().start(() -> {
            try {
                go.await();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        });
    }
}
