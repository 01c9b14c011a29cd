package io.moeplan.engine.record;

import io.moeplan.engine.backend.Routing;
import java.io.IOException;

/** Records one wave of the engine. */
public sealed interface WaveRecorder extends AutoCloseable permits TokenRecorder, PassRecorder {
    /**
     * Takes in what the router of one layer decided.
     *
     * @param moeLayer index among the layers that route, each given once, in ascending order
     * @param routing  of all tokens of the wave; not kept
     */
    void layer(int moeLayer, Routing routing);

    /**
     * Hands all that is complete to the sink and flushes it; called by {@link Recorder#finishWave}.
     *
     * @throws IOException if the sink fails
     */
    void finish() throws IOException;

    /** Frees the memory; without {@link #finish} before it, nothing of the wave is recorded. */
    @Override
    void close();
}
