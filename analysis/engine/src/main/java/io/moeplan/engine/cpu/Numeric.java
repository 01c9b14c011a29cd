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
        double inverse = 1 / Math.sqrt(squares(x, at, width) / width + epsilon);
        for (int j = 0; j < width; j++) {
            out[at + j] = (float) (weight[j] * (x[at + j] * inverse));
        }
    }

    /** The sum of squares, in double precision: what every later value of a token is scaled by deserves it. */
    private static double squares(float[] x, int at, int width) {
        double s0 = 0;
        double s1 = 0;
        double s2 = 0;
        double s3 = 0;
        int i = at;
        for (; i + 4 <= at + width; i += 4) {
            s0 += (double) x[i] * x[i];
            s1 += (double) x[i + 1] * x[i + 1];
            s2 += (double) x[i + 2] * x[i + 2];
            s3 += (double) x[i + 3] * x[i + 3];
        }
        for (; i < at + width; i++) {
            s0 += (double) x[i] * x[i];
        }
        return s0 + s1 + (s2 + s3);
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
        double inverse = 1 / Math.sqrt(squares(x, at, width) * share + epsilon);
        for (int i = at; i < at + width; i++) {
            x[i] = (float) (x[i] * inverse);
        }
    }

    /** Sets {@code gate[i] = activation(gate[i], up[i])} for {@code i < width}; {@code up} may change. */
    static void gate(FeedForward.Activation activation, float[] gate, float[] up, int width,
            Exponentials exponentials) {
        float limit = activation.limit();
        if (limit < Float.POSITIVE_INFINITY) {
            for (int i = 0; i < width; i++) {
                gate[i] = Math.min(gate[i], limit);
                up[i] = Math.min(Math.max(up[i], -limit), limit);
            }
        }
        exponentials.gate(gate, activation.slope(), up, activation.offset(), width);
    }

    static float sigmoid(float x) {
        return 1 / (1 + exp(-x));
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
