package io.moeplan.engine.record;

import io.moeplan.engine.backend.Routing;
import io.moeplan.engine.model.ModelInfo;
import io.moeplan.engine.workload.Request;
import java.util.List;

/** Keeps the chosen experts of a wave, layer by layer. */
final class TokenRecorder implements WaveRecorder {
    private final List<RecordingSink.RequestRow> requestRows;
    private final boolean weighted;
    private TokenWave wave;
    /** Layers that are in. */
    private int layers;

    TokenRecorder(ModelInfo model, RecordingOptions options, List<Request> wave,
            List<RecordingSink.RequestRow> requestRows) {
        this.requestRows = requestRows;
        this.weighted = options.weights();
        this.wave = new TokenWave(model.moeLayers().length, model.topK(), weighted, wave, requestRows);
    }

    @Override
    public int requests() {
        return requestRows.size();
    }

    @Override
    public boolean weighted() {
        return weighted;
    }

    @Override
    public void choices(Routing routing) {
        wave.put(layers++, routing);
    }

    /** All of it, which is the caller's to close from now on. */
    TokenWave take() {
        TokenWave taken = wave;
        wave = null;
        return taken;
    }

    @Override
    public void close() {
        if (wave != null) {
            wave.close();
        }
    }
}
