package io.moeplan.cli;

import io.moeplan.engine.Engine;
import io.moeplan.engine.RunOptions;
import io.moeplan.engine.RunResult;
import io.moeplan.engine.backend.Reading;
import io.moeplan.engine.model.ModelInfo;
import io.moeplan.engine.record.RecordedSoFar;
import io.moeplan.engine.record.RecordingOptions;
import io.moeplan.engine.workload.Request;
import io.moeplan.recording.Manifest;
import io.moeplan.recording.Origin;
import io.moeplan.recording.RecordingWriter;
import io.moeplan.recording.Timing;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.stream.Stream;

/** Runs a workload through a model and records it: what {@code record} does, and {@code profile} does first. */
final class RecordingJob implements AutoCloseable {
    private final RecordOptions options;
    private final PrintWriter err;
    private final Devices.Opened device;
    private final Engine engine;
    private final Requests requests;
    private final Optional<GenerationJob> generation;

    private RecordingJob(RecordOptions options, PrintWriter err, Devices.Opened device, Requests requests, long seed) {
        this.options = options;
        this.err = err;
        this.device = device;
        this.engine = device.engine();
        this.requests = requests;
        this.generation = options.generate().map(wanted -> new GenerationJob(wanted, options.model(), seed, err));
    }

    /**
     * Opens the model and reads the workload, so that whatever is wrong with them is said before anything is written.
     *
     * @param seed of generation
     * @throws IOException if one of them is missing, damaged or not supported
     */
    static RecordingJob open(RecordOptions options, long seed, PrintWriter err) throws IOException {
        if (options.resume() && options.generate().isPresent()) {
            throw new IllegalArgumentException("--resume cannot tell which responses were generated before: leave out"
                    + " --max-new-tokens, and save --responses as a workload to record in parts");
        }
        if (options.generate().flatMap(GenerateOptions::responses).isPresent()) {
            NewOutput.requireAbsent(options.generate().get().responses().get(), "--responses");
        }
        Devices.Opened device = Devices.open(options, err);
        Engine engine = device.engine();
        try {
            Requests requests = Requests.read(options, engine.architecture().vocabulary());
            if (requests.skipped() > 0) {
                err.println("moeplan: " + requests.skipped() + " conversations of " + options.workload()
                        + " were left out: nobody asks anything in them");
            }
            return new RecordingJob(options, err, device, requests, seed);
        } catch (IOException | RuntimeException e) {
            engine.close();
            throw e;
        }
    }

    ModelInfo model() {
        return engine.info();
    }

    /**
     * Whether a run is resumed that ended after its recording was complete.
     *
     * @throws IOException if the recording is damaged, or of another model, workload or kind
     */
    boolean recordedBefore(Path folder) throws IOException {
        return options.resume() && Resumption.complete(folder, manifest(), options.recording(), requests.list());
    }

    /**
     * Records into a new folder, or continues the recording in it if that is asked for. If that ends early, what was flushed
     * stays as a recording marked incomplete; if nothing was, the folder goes too, and the one it lies in if that was new.
     *
     * @throws IOException if the folder cannot be written
     */
    Manifest record(Path folder) throws IOException {
        // Outermost: an interrupted program ends as soon as this is closed.
        try (Interruption interruption = Interruption.watch()) {
            return record(folder, interruption);
        }
    }

    /** What was generated, in a line or two for the user; absent if nothing was asked for. */
    Optional<String> generated() {
        return generation.map(GenerationJob::summary);
    }

    private Manifest record(Path folder, Interruption interruption) throws IOException {
        device.note().ifPresent(note -> err.println("moeplan: " + note));
        List<Request> answered = generation.isEmpty()
                ? requests.list()
                : generation.get().answer(engine, requests.list(), interruption);
        Manifest initial = manifest();
        boolean parentIsNew = Files.notExists(folder.toAbsolutePath().getParent());
        boolean empty = false;
        Optional<Resumption> resumption = options.resume() && Resumption.possible(folder)
                ? Optional.of(Resumption.of(folder, initial, options.recording(), answered))
                : Optional.empty();
        if (resumption.isPresent()) {
            resumption.get().moveAside();
        }
        try (RecordingWriter writer = RecordingWriter.create(folder, initial, options.storage())) {
            if (resumption.isPresent()) {
                resumption.get().copy(writer);
            }
            ArrowSink sink = new ArrowSink(writer, resumption.isPresent());
            try {
                RunResult result = run(answered, sink, resumption, interruption);
                return writer.finish(initial.withTiming(
                        new Timing(engine.loadSeconds(), result.seconds(), result.tokensPerSecond())));
            } catch (CancellationException e) {
                err.println("moeplan: " + interrupted(folder, sink));
                throw e;
            } finally {
                empty = sink.isEmpty();
            }
        } finally {
            if (empty) {
                delete(folder, parentIsNew);
            }
            err.flush();
        }
    }

    private RunResult run(List<Request> answered, ArrowSink sink, Optional<Resumption> resumption,
            Interruption interruption) throws IOException {
        engine.recorder().resume(options.recording(), sink,
                resumption.map(Resumption::before).orElse(RecordedSoFar.NOTHING));
        try (ProgressLine progress = ProgressLine.onStderr()) {
            RunResult result = engine.run(resumption.map(Resumption::rest).orElse(answered),
                    new RunOptions(progress, interruption::requested, Optional.empty()));
            engine.recorder().stop();
            engine.recorder().dump();
            tell(result);
            return result;
        }
    }

    private void tell(RunResult result) {
        Reading reading = result.reading();
        if (reading.bytes() > 0) {
            err.printf(Locale.ROOT, "moeplan: weights were streamed from disk: %.2f GB in %d waves, read at %.2f GB/s;"
                    + " the arithmetic waited %.1f s for them%n", reading.bytes() / 1e9, result.waves(),
                    reading.bytesPerSecond() / 1e9, reading.waited());
        }
    }

    private static String interrupted(Path folder, ArrowSink sink) {
        return sink.isEmpty()
                ? "interrupted before the first wave was through: nothing was recorded"
                : "interrupted: " + folder
                        + " holds what was recorded before, marked incomplete; --resume continues it";
    }

    /** Removes a recording that nothing was written to. */
    private static void delete(Path folder, boolean parentToo) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
        Files.delete(folder);
        if (parentToo) {
            Files.delete(folder.toAbsolutePath().getParent());
        }
    }

    private Manifest manifest() {
        ModelInfo model = engine.info();
        RecordingOptions recording = options.recording();
        List<Integer> layers = Arrays.stream(model.moeLayers()).boxed().toList();
        return new Manifest(BuildVersion.version(),
                new Manifest.Model(model.name(), model.modelType(), "sha256:" + model.digest(),
                        "sha256:" + model.weights()),
                model.layers(), layers, model.experts(), model.topK(), model.groups(),
                ModeName.recorded(recording.mode()),
                recording.passTokens(), requests.digest(),
                new Origin.Engine("moeplan", engine.device(), engine.precision()), 0, 0, null, false);
    }

    @Override
    public void close() {
        engine.close();
        err.flush();
    }
}
