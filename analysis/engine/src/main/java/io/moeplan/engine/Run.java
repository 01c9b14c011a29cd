package io.moeplan.engine;

import io.moeplan.engine.backend.Backend;
import io.moeplan.engine.backend.Schedule;
import io.moeplan.engine.backend.Sequences;
import io.moeplan.engine.backend.Wanted;
import io.moeplan.engine.backend.Wave;
import io.moeplan.engine.model.Architecture;
import io.moeplan.engine.model.FeedForward;
import io.moeplan.engine.model.Model;
import io.moeplan.engine.record.Recorder;
import io.moeplan.engine.record.WaveRecorder;
import io.moeplan.engine.workload.Request;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.stream.IntStream;

/** One run of a workload: waves, and in each wave the layers. */
final class Run {
    /** Keeps the arrays of a wave that are counted per token within what an array holds. */
    private static final long MAX_WAVE_CHOICES = 1L << 30;

    private final Architecture architecture;
    private final Backend backend;
    private final Recorder recorder;
    private final List<Request> requests;
    private final List<int[]> sequences;
    private final RunOptions options;
    private final List<WavePlan.Range> waves;
    /** Layers that run: without an observer nothing after the last router matters. */
    private final int layers;
    private final boolean routeOnly;

    Run(Model model, Backend backend, Recorder recorder, EngineOptions engine, List<Request> requests,
            RunOptions options) {
        this.architecture = model.architecture();
        this.backend = backend;
        this.recorder = recorder;
        this.requests = requests;
        this.options = options;
        int[] moeLayers = model.info().moeLayers();
        routeOnly = options.observer().isEmpty();
        layers = routeOnly ? moeLayers[moeLayers.length - 1] + 1 : architecture.layers().size();
        sequences = requests.stream().map(request -> checkedIds(architecture, request)).toList();
        long recorded = recorder.bytesPerToken();
        long fixed = backend.fixedBytes(layers, routeOnly);
        WavePlan.Bytes bytes = (tokens, longest) -> backend.waveBytes(tokens, longest) + tokens * recorded;
        requireRoom(engine.memoryBytes(), fixed, bytes);
        long most = Math.min(Math.min(engine.waveTokens(), backend.enoughTokens()),
                MAX_WAVE_CHOICES / model.info().topK());
        waves = WavePlan.of(sequences.stream().mapToInt(ids -> ids.length).toArray(), bytes,
                engine.memoryBytes() - fixed, most);
    }

    /** Every request fits on its own. */
    private void requireRoom(long memoryBytes, long fixed, WavePlan.Bytes bytes) {
        for (int request = 0; request < requests.size(); request++) {
            int tokens = sequences.get(request).length;
            long needed = bytes.of(tokens, tokens);
            if (fixed + needed > memoryBytes) {
                // With more memory, buffers grow too, by up to a quarter of what is added.
                long enough = memoryBytes + (fixed + needed - memoryBytes) / 3 * 4;
                throw new IllegalArgumentException("request " + requests.get(request).id() + " with its " + tokens
                        + " tokens needs --memory " + mebibytes(enough) + "; " + mebibytes(memoryBytes)
                        + " is too small (" + mebibytes(fixed) + " for the program and weights in memory, "
                        + mebibytes(needed) + " for the request)");
            }
        }
    }

    private static String mebibytes(long bytes) {
        return Math.ceilDiv(bytes, 1L << 20) + "M";
    }

    /** Prompt and response, checked. */
    static int[] checkedIds(Architecture architecture, Request request) {
        int length = request.promptIds().length + request.responseIds().length;
        if (length == 0) {
            throw new IllegalArgumentException("request " + request.id() + " has no tokens");
        }
        if (length > architecture.maxPositions()) {
            throw new IllegalArgumentException(
                    "request " + request.id() + " has " + length + " tokens, the model takes "
                            + architecture.maxPositions() + " (max_position_embeddings)");
        }
        int[] ids = IntStream.concat(IntStream.of(request.promptIds()), IntStream.of(request.responseIds())).toArray();
        for (int position = 0; position < length; position++) {
            if (ids[position] < 0 || ids[position] >= architecture.vocabulary()) {
                throw new IllegalArgumentException("request " + request.id() + " has token id " + ids[position]
                        + " at position " + position + ", outside the vocabulary of " + architecture.vocabulary());
            }
        }
        return ids;
    }

    RunResult execute() throws IOException {
        long tokens = sequences.stream().mapToLong(ids -> ids.length).sum();
        long flops = 0;
        for (WavePlan.Range wave : waves) {
            flops += new WaveCost(architecture, sequences.subList(wave.from(), wave.to())).total(layers, routeOnly);
        }
        int mostTokens = 0;
        for (WavePlan.Range wave : waves) {
            mostTokens = Math.max(mostTokens, tokens(wave.from(), wave.to()));
        }
        backend.start(new Schedule(waves.size(), layers, routeOnly, mostTokens,
                sequences.stream().mapToInt(ids -> ids.length).max().orElse(0)));
        Meter meter = new Meter(options, waves.size(), layers, tokens, flops);
        try {
            for (int wave = 0; wave < waves.size(); wave++) {
                wave(wave, meter);
            }
        } catch (UncheckedIOException e) {
            throw e.getCause();
        } finally {
            recorder.finishRun();
        }
        meter.finish();
        return new RunResult(requests.size(), tokens, waves.size(), meter.seconds(), flops, backend.reading());
    }

    private int tokens(int from, int to) {
        return sequences.subList(from, to).stream().mapToInt(ids -> ids.length).sum();
    }

    private void wave(int number, Meter meter) throws IOException {
        WavePlan.Range range = waves.get(number);
        Sequences batch = new Sequences(sequences.subList(range.from(), range.to()));
        WaveCost cost = new WaveCost(architecture, sequences.subList(range.from(), range.to()));
        try (WaveRecorder recording = recorder.beginWave(requests.subList(range.from(), range.to()));
                Wave wave = backend.begin(batch, recording == null ? Wanted.NOTHING : recording)) {
            for (int layer = 0; layer < layers; layer++) {
                boolean last = routeOnly && layer == layers - 1;
                meter.enter(number + 1, layer + 1, batch.tokens(), cost.layer(layer, last));
                observe(layer, range.from(), batch, wave);
                wave.attention(layer, meter);
                switch (architecture.layers().get(layer).feedForward()) {
                    case FeedForward.Dense dense -> wave.dense(layer, meter);
                    case FeedForward.Sparse sparse -> {
                        route(layer, range.from(), batch, wave, meter);
                        if (!last) {
                            wave.experts(layer, meter);
                        }
                    }
                }
            }
            observe(layers, range.from(), batch, wave);
            if (recording != null) {
                recorder.finishWave(recording);
            }
        }
    }

    private void route(int layer, int firstRequest, Sequences batch, Wave wave, Meter meter) {
        int bad = wave.route(layer, meter);
        if (bad >= 0) {
            throw new EngineException("layer " + layer + ": the router logits of request "
                    + requests.get(firstRequest + sequenceOf(batch, bad)).id() + ", token " + batch.position(bad)
                    + ", are not finite (NaN or infinite); " + backend.whyNotFinite());
        }
    }

    private static int sequenceOf(Sequences batch, int token) {
        int sequence = 0;
        while (batch.start(sequence + 1) <= token) {
            sequence++;
        }
        return sequence;
    }

    private void observe(int layer, int firstRequest, Sequences batch, Wave wave) {
        if (options.observer().isEmpty()) {
            return;
        }
        Observer observer = options.observer().get();
        boolean end = layer == architecture.layers().size();
        float[] hidden = new float[architecture.hidden()];
        float[][] logits = new float[1][end ? architecture.vocabulary() : 0];
        for (int sequence = 0; sequence < batch.count(); sequence++) {
            for (int token = batch.start(sequence); token < batch.start(sequence + 1); token++) {
                int request = firstRequest + sequence;
                if (end) {
                    wave.finalNorm(token, hidden);
                    wave.logits(new int[]{token}, logits, flops -> {});
                    observer.logits(request, batch.position(token), logits[0]);
                } else {
                    wave.residual(token, hidden);
                }
                observer.hidden(layer, request, batch.position(token), hidden);
            }
        }
    }
}
