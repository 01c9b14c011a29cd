package io.moeplan.engine.cpu;

import io.moeplan.engine.backend.Backend;
import io.moeplan.engine.backend.Past;
import io.moeplan.engine.backend.Sequences;
import io.moeplan.engine.backend.Wave;
import io.moeplan.engine.model.Architecture;
import io.moeplan.engine.model.Model;

/**
 * Runs a model on the CPU in float32. Weights stay in the mapped checkpoint and are decoded where they are used; results
 * are the same bit for bit for any number of threads and any division into waves.
 */
public final class CpuBackend implements Backend {
    private final Model model;
    private final Workers workers;

    /**
     * Starts the threads.
     *
     * @param threads how many threads compute, the caller's included; at least 1
     */
    public CpuBackend(Model model, int threads) {
        if (threads < 1) {
            throw new IllegalArgumentException("threads is " + threads + ", expected at least 1");
        }
        this.model = model;
        this.workers = new Workers(threads);
    }

    @Override
    public String device() {
        return "cpu (" + workers.threads() + (workers.threads() == 1 ? " thread)" : " threads)");
    }

    @Override
    public String precision() {
        return "fp32";
    }

    @Override
    public long waveBytes(long tokens, int longest) {
        return waveBytes(model.architecture(), tokens, longest, workers.threads());
    }

    /** As {@link #waveBytes(long, int)}, of a model that is not open. */
    public static long waveBytes(Architecture architecture, long tokens, int longest, int threads) {
        return WaveBuffers.bytes(architecture, tokens, longest, threads);
    }

    @Override
    public Wave begin(Sequences sequences) {
        WaveBuffers buffers = WaveBuffers.allocate(model.architecture(), sequences.tokens(), sequences.longest(),
                workers.threads());
        return new CpuWave(model, workers, sequences, buffers, null);
    }

    @Override
    public Past past(int longest, int rows) {
        return new CpuPast(model, workers, longest, rows);
    }

    @Override
    public void close() {
        workers.close();
    }
}
