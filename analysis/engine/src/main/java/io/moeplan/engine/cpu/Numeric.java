package io.moeplan.engine.cpu;

import io.moeplan.engine.model.FeedForward;

/** Elementwise float32 functions. All are pure float arithmetic in a fixed order. */
final class Numeric {
    private static final float LOG2_E = 1.442695f;
    /** Adding it rounds a small float to a whole number, which then stands in its lowest bits. */
    private static final float ROUND = 12582912f;
    private static final float LN2_HIGH = 0.6933594f;
    private static final float LN2_LOW = -0.00021219444f;

    private Numeric() {}

    /** Sets {@code out[i] = weight[i] * x[i] / sqrt(mean(x * x) + epsilon)} for {@code i < width}; may be in place. */
    static void rmsNorm(float[] x, int at, int width, float[] weight, double epsilon, float[] out) {
        float s0 = 0;
        float s1 = 0;
        float s2 = 0;
        float s3 = 0;
        int i = 0;
        for (; i + 4 <= width; i += 4) {
            s0 = Math.fma(x[at + i], x[at + i], s0);
            s1 = Math.fma(x[at + i + 1], x[at + i + 1], s1);
            s2 = Math.fma(x[at + i + 2], x[at + i + 2], s2);
            s3 = Math.fma(x[at + i + 3], x[at + i + 3], s3);
        }
        for (; i < width; i++) {
            s0 = Math.fma(x[at + i], x[at + i], s0);
        }
        float inverse = (float) (1 / Math.sqrt((double) (s0 + s1 + s2 + s3) / width + epsilon));
        for (int j = 0; j < width; j++) {
            out[at + j] = weight[j] * (x[at + j] * inverse);
        }
    }

    /** {@code x[i] = weight[i] * (x[i] - mean) / sqrt(variance + epsilon) + bias[i]} for all weights. */
    static void layerNorm(float[] x, float[] weight, float[] bias, double epsilon) {
        double sum = 0;
        for (int i = 0; i < weight.length; i++) {
            sum += x[i];
        }
        double mean = sum / weight.length;
        double squares = 0;
        for (int i = 0; i < weight.length; i++) {
            squares += (x[i] - mean) * (x[i] - mean);
        }
        float inverse = (float) (1 / Math.sqrt(squares / weight.length + epsilon));
        for (int i = 0; i < weight.length; i++) {
            x[i] = weight[i] * ((float) (x[i] - mean) * inverse) + bias[i];
        }
    }

    /** Divides {@code x[at .. at + width)} by {@code sqrt(sum(x * x) * share + epsilon)}. */
    static void normalise(float[] x, int at, int width, double share, double epsilon) {
        double squares = 0;
        for (int i = at; i < at + width; i++) {
            squares += (double) x[i] * x[i];
        }
        float inverse = (float) (1 / Math.sqrt(squares * share + epsilon));
        for (int i = at; i < at + width; i++) {
            x[i] *= inverse;
        }
    }

    /** Sets {@code gate[i] = silu(gate[i]) * up[i]} for {@code i < width}. */
    static void gateWithSilu(float[] gate, float[] up, int width) {
        for (int i = 0; i < width; i++) {
            gate[i] = gate[i] / (1 + exp(-gate[i])) * up[i];
        }
    }

    /** As {@link #gateWithSilu} for any activation. */
    static void gate(FeedForward.Activation activation, float[] gate, float[] up, int width) {
        if (activation.equals(FeedForward.Activation.SILU)) {
            gateWithSilu(gate, up, width);
            return;
        }
        float limit = activation.limit();
        for (int i = 0; i < width; i++) {
            float g = Math.min(gate[i], limit);
            float u = Math.clamp(up[i], -limit, limit);
            gate[i] = (u + activation.offset()) * g * sigmoid(activation.slope() * g);
        }
    }

    static float sigmoid(float x) {
        return 1 / (1 + exp(-x));
    }

    /**
     * Replaces {@code x[from .. to)} by {@code exp(x - max)} and returns the sum of that and of {@code exp(sink - max)}.
     *
     * @param sink a score that gives nothing; negative infinity for none
     */
    static float exponentiate(float[] x, int from, int to, float sink) {
        float max = sink;
        for (int i = from; i < to; i++) {
            max = Math.max(max, x[i]);
        }
        for (int i = from; i < to; i++) {
            x[i] = exp(x[i] - max);
        }
        float s0 = 0;
        float s1 = 0;
        float s2 = 0;
        float s3 = 0;
        int i = from;
        for (; i + 4 <= to; i += 4) {
            s0 += x[i];
            s1 += x[i + 1];
            s2 += x[i + 2];
            s3 += x[i + 3];
        }
        for (; i < to; i++) {
            s0 += x[i];
        }
        return s0 + s1 + (s2 + s3) + exp(sink - max);
    }

    /** {@code e^x} to about 2 units in the last place (Cephes {@code expf}); NaN stays NaN. */
    static float exp(float x) {
        if (x < -87.3f) {
            return 0;
        }
        if (!(x < 88.3f)) {
            return x * Float.POSITIVE_INFINITY;
        }
        float shifted = Math.fma(x, LOG2_E, ROUND);
        float n = shifted - ROUND;
        float r = Math.fma(n, -LN2_LOW, Math.fma(n, -LN2_HIGH, x));
        float p = Math.fma(0.00019875691f, r, 0.0013981999f);
        p = Math.fma(p, r, 0.008333452f);
        p = Math.fma(p, r, 0.041665796f);
        p = Math.fma(p, r, 0.16666666f);
        p = Math.fma(p, r, 0.5f);
        p = Math.fma(p, r * r, r) + 1;
        return p * Float.intBitsToFloat(((int) n + 127) << 23);
    }
}
