package io.moeplan.engine.cpu;

import io.moeplan.engine.model.Attention;

/**
 * What gated DeltaNet keeps of a sequence.
 *
 * @param tail  the last inputs of the convolution, {@code [taps - 1][channels]}, zero before the sequence
 * @param state {@code [valueHeads][keyDim][valueDim]}
 */
record DeltaPast(float[][] tail, float[][][] state) {
    static DeltaPast empty(Attention.GatedDelta shape) {
        return new DeltaPast(new float[shape.taps() - 1][channels(shape)],
                new float[shape.valueHeads()][shape.keyDim()][shape.valueDim()]);
    }

    /** Floats of a sequence, however long. */
    static long floats(Attention.GatedDelta shape) {
        return (shape.taps() - 1L) * channels(shape) + (long) shape.valueHeads() * shape.keyDim() * shape.valueDim();
    }

    private static int channels(Attention.GatedDelta shape) {
        return 2 * shape.keyWidth() + shape.valueWidth();
    }

    /**
     * The tail after some more tokens, of some channels.
     *
     * @param mixed inputs of the convolution, channels {@code [at, at + width)}
     */
    float[][] next(float[][] mixed, int start, int tokens, int at, int width, int channel) {
        float[][] next = new float[tail.length][width];
        for (int j = 0; j < tail.length; j++) {
            int token = tokens - tail.length + j;
            if (token >= 0) {
                System.arraycopy(mixed[start + token], at, next[j], 0, width);
            } else {
                System.arraycopy(tail[j + tokens], channel, next[j], 0, width);
            }
        }
        return next;
    }

    /** Replaces the tail of some channels. */
    void keep(float[][] next, int width, int channel) {
        for (int j = 0; j < tail.length; j++) {
            System.arraycopy(next[j], 0, tail[j], channel, width);
        }
    }
}
