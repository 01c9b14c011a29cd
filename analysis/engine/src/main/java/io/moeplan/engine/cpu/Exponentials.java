package io.moeplan.engine.cpu;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * {@code e^x} of whole arrays, to about 2 units in the last place (Cephes {@code expf}), without branches and with the bits
 * of the power of two made in an array of integers: loops that the JIT compiler vectorises. Below -87.3 it gives
 * {@code e^-87.3}, above 88 {@code e^88}; NaN stays NaN. One thread's.
 */
final class Exponentials {
    private static final float LOWEST = -87.3f;
    private static final float HIGHEST = 88f;
    private static final float LOG2_E = 1.442695f;
    /** Adding it rounds a small float to a whole number. */
    private static final float ROUND = 12582912f;
    private static final float LN2_HIGH = 0.6933594f;
    private static final float LN2_LOW = -0.00021219444f;

    private float[] mantissas = new float[0];
    private int[] exponents = new int[0];
    private float[] powers = new float[0];

    private void reserve(int count) {
        if (powers.length < count) {
            mantissas = new float[count];
            exponents = new int[count];
            powers = new float[count];
        }
    }

    /** {@code x[i] = e^(x[i] - shift)} for {@code i < count}. */
    void ofDifferences(float[] x, float shift, int count) {
        reserve(count);
        split(x, 1, -shift, mantissas, exponents, count);
        powers(count);
        multiply(mantissas, powers, x, count);
    }

    /** {@code gate[i] = gate[i] * sigmoid(slope * gate[i]) * (up[i] + offset)} for {@code i < count}. */
    void gate(float[] gate, float slope, float[] up, float offset, int count) {
        reserve(count);
        split(gate, -slope, 0, mantissas, exponents, count);
        powers(count);
        gate(gate, up, offset, mantissas, powers, count);
    }

    private void powers(int count) {
        MemorySegment.copy(MemorySegment.ofArray(exponents), ValueLayout.JAVA_INT, 0,
                MemorySegment.ofArray(powers), ValueLayout.JAVA_INT_UNALIGNED, 0, count);
    }

    /** {@code e^(factor * x + shift)} as a number from 0.7 to 1.5 and the bits of a power of two. */
    private static void split(float[] x, float factor, float shift, float[] mantissas, int[] exponents, int count) {
        for (int i = 0; i < count; i++) {
            float t = Math.min(Math.max(Math.fma(factor, x[i], shift), LOWEST), HIGHEST);
            float n = Math.fma(t, LOG2_E, ROUND) - ROUND;
            float r = Math.fma(n, -LN2_LOW, Math.fma(n, -LN2_HIGH, t));
            float p = Math.fma(0.00019875691f, r, 0.0013981999f);
            p = Math.fma(p, r, 0.008333452f);
            p = Math.fma(p, r, 0.041665796f);
            p = Math.fma(p, r, 0.16666666f);
            p = Math.fma(p, r, 0.5f);
            mantissas[i] = Math.fma(p, r * r, r) + 1;
            exponents[i] = ((int) n + 127) << 23;
        }
    }

    private static void multiply(float[] a, float[] b, float[] into, int count) {
        for (int i = 0; i < count; i++) {
            into[i] = a[i] * b[i];
        }
    }

    private static void gate(float[] gate, float[] up, float offset, float[] mantissas, float[] powers, int count) {
        for (int i = 0; i < count; i++) {
            gate[i] = gate[i] / (1 + mantissas[i] * powers[i]) * (up[i] + offset);
        }
    }
}
