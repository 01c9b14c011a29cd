package io.moeplan.engine.cpu;

import io.moeplan.engine.model.Rope;

/** Cosines and sines of a rotary embedding for positions from 0, {@code [positions][headDim / 2]}. */
final class RotaryTable {
    private final float[][] cosines;
    private final float[][] sines;

    RotaryTable(Rope rope, int positions) {
        int pairs = rope.frequencies().length;
        cosines = new float[positions][pairs];
        sines = new float[positions][pairs];
        for (int p = 0; p < positions; p++) {
            for (int i = 0; i < pairs; i++) {
                // The angle is rounded to float32 as transformers does it, so that far positions agree with it too.
                float angle = p * rope.frequencies()[i];
                cosines[p][i] = (float) Math.cos(angle) * rope.magnitude();
                sines[p][i] = (float) Math.sin(angle) * rope.magnitude();
            }
        }
    }

    /** Rotates the head at {@code x[at .. at + headDim)} to a position; pair i is elements i and i + headDim / 2. */
    void rotate(float[] x, int at, int position) {
        float[] cosine = cosines[position];
        float[] sine = sines[position];
        int half = cosine.length;
        for (int i = 0; i < half; i++) {
            float first = x[at + i];
            float second = x[at + half + i];
            x[at + i] = first * cosine[i] - second * sine[i];
            x[at + half + i] = second * cosine[i] + first * sine[i];
        }
    }
}
