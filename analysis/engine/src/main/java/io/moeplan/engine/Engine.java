package io.moeplan.engine;

import io.moeplan.engine.backend.Backend;
import io.moeplan.engine.cpu.Arithmetic;
import io.moeplan.engine.cpu.CpuBackend;
import io.moeplan.engine.cpu.WeightReading;
import io.moeplan.engine.generate.Generation;
import io.moeplan.engine.generate.StopIds;
import io.moeplan.engine.model.Architecture;
import io.moeplan.engine.model.Model;
import io.moeplan.engine.model.ModelInfo;
import io.moeplan.engine.record.Recorder;
import io.moeplan.engine.workload.Request;
import io.moeplan.tensors.Checkpoint;
import io.moeplan.tensors.CheckpointException;
import io.moeplan.tensors.NonFinite;
import io.moeplan.tensors.Tensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Runs a model over a workload to see what its routers decide. Prompt and response of every request go through in one
 * prefill pass, all requests of a wave through layer 1, then layer 2, and so on; a wave holds as many requests as memory
 * allows. Not for use by two threads at once.
 */
public final class Engine implements AutoCloseable {
    private final Checkpoint checkpoint;
    private final Model model;
    private final Backend backend;
    private final Recorder recorder;
    private final EngineOptions options;
    private final double loadSeconds;

    private Engine(Checkpoint checkpoint, Model model, Backend backend, EngineOptions options, double loadSeconds) {
        this.checkpoint = checkpoint;
        this.model = model;
        this.backend = backend;
        this.recorder = new Recorder(model.info(), options.warnings());
        this.options = options;
        this.loadSeconds = loadSeconds;
    }

    /**
     * Opens a model directory for the CPU.
     *
     * @throws IllegalArgumentException if this machine does not compute in the precision asked for
     * @throws IOException if config.json or the checkpoint is missing, damaged or not supported
     */
    public static Engine open(Path directory, EngineOptions options) throws IOException {
        return open(directory, options, model -> new CpuBackend(model, Arithmetic.of(options.precision()),
                options.threads(), options.memoryBytes(), WeightReading.BY_SIZE, options.warnings()));
    }

    /**
     * Opens a model directory for a device.
     *
     * @throws IOException if config.json or the checkpoint is missing, damaged or not supported, or the device cannot run
     *                     the model
     */
    public static Engine open(Path directory, EngineOptions options, Backend.Factory device) throws IOException {
        long started = System.nanoTime();
        Checkpoint checkpoint = Checkpoint.open(directory);
        try {
            Model model = Model.load(checkpoint);
            warnOfDamage(model.vectors(), options.warnings());
            Backend backend = device.open(model);
            return new Engine(checkpoint, model, backend, options, (System.nanoTime() - started) / 1e9);
        } catch (IOException | RuntimeException e) {
            checkpoint.close();
            throw e;
        }
    }

    /** Norms and biases are small, so all are looked at before the run; matrices are when they are first used. */
    private static void warnOfDamage(List<Tensor> vectors, Consumer<String> warnings) {
        for (Tensor tensor : vectors) {
            try {
                NonFinite.requireNone(tensor);
            } catch (CheckpointException e) {
                warnings.accept(e.getMessage());
            }
        }
    }

    public ModelInfo info() {
        return model.info();
    }

    public Architecture architecture() {
        return model.architecture();
    }

    /** The device in a few words. */
    public String device() {
        return backend.device();
    }

    /** The arithmetic: {@code fp32} or {@code bf16}. */
    public String precision() {
        return backend.precision();
    }

    /** Seconds that opening took. */
    public double loadSeconds() {
        return loadSeconds;
    }

    public Recorder recorder() {
        return recorder;
    }

    /**
     * Runs the requests; what is recorded goes to the recorder's sink wave by wave.
     *
     * @throws IllegalArgumentException                   if a request is empty, too long for the model, or holds an id
     *                                                    outside its vocabulary, or if memory is too small for it
     * @throws EngineException                            if a router's logits are not finite
     * @throws java.util.concurrent.CancellationException if the run is cancelled or the thread interrupted
     * @throws IOException                                if the recorder's sink fails or weights cannot be read
     */
    public RunResult run(List<Request> requests, RunOptions run) throws IOException {
        return new Run(model, backend, recorder, options, requests, run).execute();
    }

    /**
     * Lets the model answer the requests that have no response; the recorder takes no part. Recording the answered requests
     * with {@link #run} is exact, because a token's routing does not depend on what else is in its batch.
     *
     * @throws IllegalArgumentException                   if a request is empty, too long for the model, or holds an id
     *                                                    outside its vocabulary, or model and keys do not fit the memory
     * @throws EngineException                            if logits are not finite
     * @throws java.util.concurrent.CancellationException if generation is cancelled or the thread interrupted
     * @throws IOException                                if the stop tokens cannot be read
     */
    public Generation generate(List<Request> requests, GenerationOptions generation) throws IOException {
        return Generator.run(model, backend, options.memoryBytes(), requests, generation,
                generation.ignoreEos() ? Set.of() : StopIds.of(checkpoint.directory()));
    }

    @Override
    public void close() {
        backend.close();
        checkpoint.close();
    }
}
