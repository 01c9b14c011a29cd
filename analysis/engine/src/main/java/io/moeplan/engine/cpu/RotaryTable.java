package io.moeplan.engine.cpu;

import io.moeplan.engine.model.Rope;

/** Cosines and sines of a rotary embedding for positions from 0, {@code [positions][pairs]}. */
final class RotaryTable {
    private final float[][] cosines;
    private final float[][] sines;
    private final boolean interleaved;

    RotaryTable(Rope rope, int positions) {
        interleaved = rope.interleaved();
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

    /** Rotates the head part that begins at {@code x[at]} to a position. */
    void rotate(float[] x, int at, int position) {
        float[] cosine = cosines[position];
        float[] sine = sines[position];
        int pairs = cosine.length;
        int stride = interleaved ? 2 : 1;
        int apart = interleaved ? 1 : pairs;
        for (int i = 0; i < pairs; i++) {
            int p = at + stride * i;
            float first = x[p];
            float second = x[p + apart];
            x[p] = first * cosine[i] - second * sine[i];
            x[p + apart] = second * cosine[i] + first * sine[i];
        }
    }
}
