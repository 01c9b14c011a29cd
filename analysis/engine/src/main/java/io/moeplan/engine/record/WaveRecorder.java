package io.moeplan.engine.record;

import io.moeplan.engine.backend.Wanted;

/** Records one wave of the engine, until {@link Recorder#finishWave} takes over what is recorded. */
public sealed interface WaveRecorder extends Wanted.Choices, AutoCloseable permits TokenRecorder, PassRecorder {
    /** How many requests the wave has. */
    int requests();

    /** Frees the memory, if it was not taken over; then nothing of the wave is recorded. */
    @Override
    void close();
}
