package io.moeplan.engine.cpu;

import io.moeplan.engine.backend.Backend;
import io.moeplan.engine.backend.Past;
import io.moeplan.engine.backend.Reading;
import io.moeplan.engine.backend.Schedule;
import io.moeplan.engine.backend.Sequences;
import io.moeplan.engine.backend.Wanted;
import io.moeplan.engine.backend.Wave;
import io.moeplan.engine.model.Model;
import java.util.function.Consumer;

/**
 * Runs a model on the CPU. Weights are decoded where they are used, in the mapped checkpoint or in memory that they are read
 * ahead into; results are the same bit for bit either way, for any number of threads and any division into waves.
 */
public final class CpuBackend implements Backend {
    /** The virtual machine with its code, classes, threads and garbage: an allowance. */
    private static final long PROGRAM_BYTES = 256L << 20;
    /** Objects on the heap that describe one matrix of the model. */
    private static final long MATRIX_BYTES = 2048;

    private final Model model;
    private final Arithmetic arithmetic;
    private final Workers workers;
    private final Sizes sizes;
    private final boolean mapped;
    private final FiniteCheck finite;
    private Weights weights;
    /** Kept from wave to wave, so that no wave leaves it to the garbage collector. */
    private WaveBuffers buffers;

    /** Computes in float32. */
    public CpuBackend(Model model, int threads, long memoryBytes, WeightReading reading, Consumer<String> warnings) {
        this(model, Arithmetic.float32(), threads, memoryBytes, reading, warnings);
    }

    /**
     * Starts the threads.
     *
     * @param threads     how many threads compute, the caller's included; at least 1
     * @param memoryBytes what the whole process may take
     * @param warnings    receives one line for each tensor with weights that are not finite
     */
    public CpuBackend(Model model, Arithmetic arithmetic, int threads, long memoryBytes, WeightReading reading,
            Consumer<String> warnings) {
        if (threads < 1) {
            throw new IllegalArgumentException("threads is " + threads + ", expected at least 1");
        }
        this.model = model;
        this.arithmetic = arithmetic;
        this.sizes = Sizes.of(memoryBytes);
        this.mapped = switch (reading) {
            case BY_SIZE -> model.info().bytes() <= memoryBytes / 2;
            case MAPPED -> true;
            case STREAMED -> false;
        };
        this.finite = new FiniteCheck(warnings);
        this.workers = new Workers(arithmetic, threads, WaveBuffers.tileRows(model.architecture(), sizes, threads),
                WaveBuffers.sharedRows(model.architecture(), sizes));
        this.weights = weights(model.layers().size(), false);
    }

    private Weights weights(int layers, boolean routeOnly) {
        return new Weights(model, layers, routeOnly, mapped, sizes);
    }

    @Override
    public String device() {
        return "cpu (" + workers.threads() + (workers.threads() == 1 ? " thread)" : " threads)");
    }

    @Override
    public String precision() {
        return arithmetic.precision();
    }

    @Override
    public long fixedBytes(int layers, boolean routeOnly) {
        long matrices = 0;
        for (int layer = 0; layer < model.layers().size(); layer++) {
            matrices += Piece.of(model, layer, false, Long.MAX_VALUE).stream()
                    .mapToLong(piece -> piece.matrices().size()).sum();
        }
        return PROGRAM_BYTES + matrices * MATRIX_BYTES
                + (mapped ? model.info().bytes() : weights(layers, routeOnly).readerBytes());
    }

    @Override
    public long waveBytes(long tokens, int longest) {
        return WaveBuffers.bytes(model.architecture(), arithmetic.exact().input(), sizes, tokens, longest,
                workers.threads());
    }

    /**
     * About the least memory that a wave of so many tokens can be recorded with, in bytes; looks at headers only.
     *
     * @param longest tokens of the longest sequence
     */
    public static long leastMemory(Model model, long tokens, int longest, int threads) {
        int[] moeLayers = model.info().moeLayers();
        long memory = PROGRAM_BYTES;
        while (true) {
            try (CpuBackend backend = new CpuBackend(model, threads, memory, WeightReading.STREAMED, warning -> {})) {
                long needed = backend.fixedBytes(moeLayers[moeLayers.length - 1] + 1, true)
                        + backend.waveBytes(tokens, longest);
                if (needed <= memory) {
                    return memory;
                }
                memory = Math.max(memory + memory / 16, Math.min(needed, memory * 2));
            }
        }
    }

    @Override
    public void start(Schedule schedule) {
        weights.close();
        weights = weights(schedule.layers(), schedule.routeOnly());
        weights.start(schedule);
        room(schedule.mostTokens(), schedule.longest());
    }

    @Override
    public Reading reading() {
        return weights.reading();
    }

    @Override
    public Wave begin(Sequences sequences, Wanted wanted) {
        room(sequences.tokens(), sequences.longest());
        return new CpuWave(model, workers, sequences, wanted, buffers, weights, finite, null);
    }

    @Override
    public Past past(int longest, int rows) {
        return new CpuPast(model, workers, sizes, finite, longest, rows);
    }

    private void room(int tokens, int longest) {
        if (buffers == null || !buffers.holds(model.architecture(), arithmetic.exact().input(), sizes, tokens, longest,
                workers.threads())) {
            buffers = null;
            buffers = WaveBuffers.allocate(model.architecture(), arithmetic.exact().input(), sizes, tokens, longest,
                    workers.threads());
        }
    }

    @Override
    public void close() {
        weights.close();
        workers.close();
    }
}
