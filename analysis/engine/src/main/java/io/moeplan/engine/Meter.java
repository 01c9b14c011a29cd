package io.moeplan.engine;

import io.moeplan.engine.backend.Work;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;

/** Adds up the work of all threads, tells the listener now and then, and stops the run when it is cancelled. */
final class Meter implements Work {
    private static final long INTERVAL_NANOS = 100_000_000;

    private final RunOptions options;
    private final int waves;
    private final int layers;
    private final long totalTokens;
    private final long totalFlops;
    private final long started = System.nanoTime();
    private final AtomicLong flops = new AtomicLong();
    private final AtomicLong lastTold = new AtomicLong(started);
    private final ReentrantLock telling = new ReentrantLock();
    private volatile Place place = new Place(1, 1, 0, 0, 1);

    /** Where the run is; {@code before} is the work done before this layer, {@code layerFlops} the work in it. */
    private record Place(int wave, int layer, long waveTokens, long before, long layerFlops) {}

    Meter(RunOptions options, int waves, int layers, long totalTokens, long totalFlops) {
        this.options = options;
        this.waves = waves;
        this.layers = layers;
        this.totalTokens = totalTokens;
        this.totalFlops = totalFlops;
    }

    void enter(int wave, int layer, long waveTokens, long layerFlops) {
        place = new Place(wave, layer, waveTokens, flops.get(), Math.max(1, layerFlops));
        done(0);
    }

    @Override
    public void done(long more) {
        flops.addAndGet(more);
        if (options.cancelled().getAsBoolean()) {
            throw new CancellationException("cancelled");
        }
        long now = System.nanoTime();
        long told = lastTold.get();
        if (now - told >= INTERVAL_NANOS && lastTold.compareAndSet(told, now) && telling.tryLock()) {
            try {
                options.progress().update(progress(now));
            } finally {
                telling.unlock();
            }
        }
    }

    void finish() {
        telling.lock();
        try {
            options.progress().update(progress(System.nanoTime()));
        } finally {
            telling.unlock();
        }
    }

    double seconds() {
        return (System.nanoTime() - started) / 1e9;
    }

    private Progress progress(long now) {
        Place at = place;
        long done = flops.get();
        double inLayer = Math.clamp((double) (done - at.before) / at.layerFlops, 0.0, 1.0);
        double fraction = totalFlops == 0 ? 1 : Math.min(1, (double) done / totalFlops);
        double seconds = (now - started) / 1e9;
        return new Progress(at.wave, waves, at.layer, layers, (long) (inLayer * at.waveTokens), at.waveTokens,
                totalTokens,
                fraction, seconds, fraction * totalTokens / seconds, seconds / fraction - seconds);
    }
}
