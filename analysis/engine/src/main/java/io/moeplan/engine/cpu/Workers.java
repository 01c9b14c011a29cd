package io.moeplan.engine.cpu;

import io.moeplan.engine.backend.Work;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;

/** A fixed pool that the calling thread works in as well. Not for use by two callers at once. */
final class Workers implements AutoCloseable {
    /** One of the tasks of a {@link #run}. */
    @FunctionalInterface
    interface Task {
        void run(int index, Scratch scratch);
    }

    private final ExecutorService pool;
    private final int tileRows;
    private final int sharedRows;
    private final Scratch[] scratch;

    /**
     * Starts the threads.
     *
     * @param arithmetic what tasks multiply with
     * @param threads    how many tasks run at once, the caller's included
     * @param tileRows   rows that a task takes at most
     * @param sharedRows rows of an MLP that all threads work on together, at most
     */
    Workers(Arithmetic arithmetic, int threads, int tileRows, int sharedRows) {
        this.tileRows = tileRows;
        this.sharedRows = sharedRows;
        scratch = IntStream.range(0, threads).mapToObj(i -> new Scratch(arithmetic)).toArray(Scratch[]::new);
        pool = threads == 1
                ? null
                : Executors.newFixedThreadPool(threads - 1,
                        Thread.ofPlatform().daemon().name("moeplan-cpu-", 1).factory());
    }

    int threads() {
        return scratch.length;
    }

    int tileRows() {
        return tileRows;
    }

    int sharedRows() {
        return sharedRows;
    }

    /** Rows {@code [from, to)} cut into tiles that keep all threads evenly busy. */
    Tiles tiles(int from, int to) {
        return Tiles.of(from, to, threads(), tileRows);
    }

    /** The calling thread's scratch. */
    Scratch own() {
        return scratch[0];
    }

    /**
     * Runs task {@code i} for every {@code i < costs.length}, dear ones first, and reports each one's cost when it is done.
     * If a task fails, no further ones start and its exception is thrown once all have ended.
     *
     * @throws CancellationException if the calling thread is interrupted (it stays so)
     */
    void run(long[] costs, Work work, Task task) {
        int[] order = IntStream.range(0, costs.length).boxed()
                .sorted(Comparator.comparingLong((Integer i) -> -costs[i])).mapToInt(Integer::intValue).toArray();
        AtomicInteger next = new AtomicInteger();
        AtomicBoolean stop = new AtomicBoolean();
        List<Future<?>> others = new ArrayList<>();
        for (int w = 1; w < Math.min(scratch.length, costs.length); w++) {
            Scratch mine = scratch[w];
            others.add(pool.submit(() -> drain(order, costs, next, stop, work, task, mine)));
        }
        RuntimeException failure = null;
        try {
            drain(order, costs, next, stop, work, task, scratch[0]);
        } catch (RuntimeException e) {
            failure = e;
        }
        boolean interrupted = false;
        for (Future<?> other : others) {
            boolean ended = false;
            while (!ended) {
                try {
                    other.get();
                    ended = true;
                } catch (InterruptedException e) {
                    stop.set(true);
                    interrupted = true;
                } catch (ExecutionException e) {
                    ended = true;
                    if (e.getCause() instanceof RuntimeException cause) {
                        failure = failure == null ? cause : failure;
                    } else {
                        failure = new IllegalStateException(e.getCause());
                    }
                }
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        if (failure != null) {
            throw failure;
        }
        if (Thread.currentThread().isInterrupted()) {
            throw new CancellationException("interrupted");
        }
    }

    private static void drain(int[] order, long[] costs, AtomicInteger next, AtomicBoolean stop, Work work, Task task,
            Scratch scratch) {
        try {
            for (int i = next.getAndIncrement(); i < order.length && !stop.get(); i = next.getAndIncrement()) {
                if (Thread.currentThread().isInterrupted()) {
                    throw new CancellationException("interrupted");
                }
                task.run(order[i], scratch);
                work.done(costs[order[i]]);
            }
        } catch (RuntimeException | Error e) {
            stop.set(true);
            throw e;
        }
    }

    @Override
    public void close() {
        if (pool != null) {
            pool.shutdown();
        }
    }
}
