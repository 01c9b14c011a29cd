package io.moeplan.engine.record;

import io.moeplan.engine.model.ModelInfo;
import io.moeplan.engine.workload.Request;
import java.io.IOException;
import java.util.List;
import java.util.function.Consumer;

/**
 * Starts, stops and dumps recordings (from any thread), with the meaning these have in SGLang's and vLLM's recorders.
 * Whatever a wave of the engine completes goes to the sink after it, at the latest when the run ends; {@link #dump} hands
 * over the rest, such as a pass that the workload did not fill. Starting and stopping take effect from the next wave on.
 */
public final class Recorder {
    private final ModelInfo model;
    private final Consumer<String> warnings;
    private RecordingOptions options;
    private RecordingSink sink;
    private StepAssembler steps;
    private RequestNumbers numbers;
    private final WaveOutput output = new WaveOutput();
    /** Tokens that the next wave leaves out. */
    private int counted;
    private boolean recording;

    /**
     * A recorder that is off.
     *
     * @param warnings receives one line when a call makes no sense
     */
    public Recorder(ModelInfo model, Consumer<String> warnings) {
        this.model = model;
        this.warnings = warnings;
    }

    /** Forgets what was not dumped, numbers requests and steps from 0 again, and records from the next wave on. */
    public synchronized void start(RecordingOptions newOptions, RecordingSink newSink) {
        resume(newOptions, newSink, RecordedSoFar.NOTHING);
    }

    /**
     * As {@link #start}, but numbers go on from what the sink has already. The next wave begins with the request after
     * those; in the counting modes, so many tokens of it are counted already and left out.
     */
    public synchronized void resume(RecordingOptions newOptions, RecordingSink newSink, RecordedSoFar before) {
        if (recording) {
            warnings.accept("recording was on already; what was not dumped is forgotten");
        }
        options = newOptions;
        sink = newSink;
        steps = new StepAssembler(model, newOptions, before.steps());
        numbers = new RequestNumbers(before.requests());
        counted = before.tokens();
        recording = true;
    }

    /** Records no more waves; what is recorded stays until {@link #dump}. */
    public synchronized void stop() {
        if (!recording) {
            warnings.accept("stop without start: nothing is being recorded");
            return;
        }
        recording = false;
    }

    /**
     * Hands over what the sink does not have yet and flushes it. Recording goes on if it was on, in a new pass.
     *
     * @throws IOException if the sink fails
     */
    public synchronized void dump() throws IOException {
        if (sink == null) {
            warnings.accept("dump without start: nothing was recorded");
            return;
        }
        output.finish();
        steps.finish(sink);
        sink.flush();
    }

    public synchronized boolean isRecording() {
        return recording;
    }

    /** Bytes that recording takes for every token of a wave: choices of two waves, as one is written while the next runs. */
    public synchronized long bytesPerToken() {
        if (!recording) {
            return 0;
        }
        int layers = model.moeLayers().length;
        if (options.mode() == RecordingMode.PER_TOKEN) {
            return 2L * layers * model.topK() * (options.weights() ? 6 : 2);
        }
        return Math.ceilDiv(4L * layers * model.experts(), options.passTokens());
    }

    /** For the engine: begins a wave with these requests; null if nothing is to be recorded. */
    public synchronized WaveRecorder beginWave(List<Request> wave) {
        if (!recording) {
            return null;
        }
        List<RecordingSink.RequestRow> rows = numbers.rows(wave);
        return switch (options.mode()) {
            case PER_TOKEN -> new TokenRecorder(model, options, wave, rows);
            case PER_PASS, STAT -> new PassRecorder(steps, wave, counted, rows);
        };
    }

    /**
     * For the engine: ends a wave whose layers are all in. What is complete goes to the sink, which is flushed; tokens go there
     * while the next wave runs.
     *
     * @throws IOException if the sink fails, or failed with the wave before
     */
    public synchronized void finishWave(WaveRecorder wave) throws IOException {
        switch (wave) {
            case TokenRecorder tokens -> output.begin(tokens.take(), sink);
            case PassRecorder passes -> passes.writeTo(sink);
        }
        numbers.used(wave.requests());
        counted = 0;
    }

    /**
     * For the engine: waits until the sink has all finished waves.
     *
     * @throws IOException if the sink fails
     */
    public synchronized void finishRun() throws IOException {
        output.finish();
    }
}
