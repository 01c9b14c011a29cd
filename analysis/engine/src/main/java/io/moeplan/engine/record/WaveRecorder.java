package io.moeplan.engine.record;

import io.moeplan.engine.backend.Routing;

/** Records one wave of the engine, until {@link Recorder#finishWave} takes over what is recorded. */
public sealed interface WaveRecorder extends AutoCloseable permits TokenRecorder, PassRecorder {
    /**
     * Takes in what the router of one layer decided.
     *
     * @param moeLayer index among the layers that route, each given once, in ascending order
     * @param routing  of all tokens of the wave; not kept
     */
    void layer(int moeLayer, Routing routing);

    /** How many requests the wave has. */
    int requests();

    /** Frees the memory, if it was not taken over; then nothing of the wave is recorded. */
    @Override
    void close();
}
