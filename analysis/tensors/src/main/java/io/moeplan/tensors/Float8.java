package io.moeplan.tensors;

/**
 * The 8-bit float types as tables of their 256 values (OCP 8-bit Floating Point Specification, and E8M0 of the OCP
 * Microscaling Formats Specification).
 */
final class Float8 {
    private static final float[] E4M3 = new float[256];
    private static final float[] E5M2 = new float[256];
    private static final float[] E8M0 = new float[256];

    static {
        for (int bits = 0; bits < 256; bits++) {
            E4M3[bits] = e4m3(bits);
            // e5m2 is the upper half of a float16, infinities and NaN included
            E5M2[bits] = Float.float16ToFloat((short) (bits << 8));
            E8M0[bits] = bits == 0xff ? Float.NaN : (float) Math.scalb(1.0, bits - 127);
        }
    }

    private Float8() {}

    /** The value of every code; not to be written to. */
    static float[] table(DType type) {
        return switch (type) {
            case F8_E4M3 -> E4M3;
            case F8_E5M2 -> E5M2;
            case F8_E8M0 -> E8M0;
            default -> throw new IllegalArgumentException(type + " is not an 8-bit float type");
        };
    }

    /** The "fn" variant, which is the only one checkpoints use: no infinities, one NaN of either sign. */
    private static float e4m3(int bits) {
        int exponent = bits >> 3 & 15;
        int mantissa = bits & 7;
        float magnitude;
        if ((bits & 0x7f) == 0x7f) {
            magnitude = Float.NaN;
        } else if (exponent == 0) {
            magnitude = Math.scalb((float) mantissa, -9);
        } else {
            magnitude = Math.scalb(8f + mantissa, exponent - 10);
        }
        return bits < 128 ? magnitude : -magnitude;
    }
}
