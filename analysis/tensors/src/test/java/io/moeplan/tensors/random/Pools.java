package io.moeplan.tensors.random;

import io.moeplan.tensors.DType;
import io.moeplan.tensors.Tensor;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;

/**
 * Random bytes at the speed of a copy: for every kind of content a block of {@value #BYTES} bytes is drawn once, and
 * tensors are filled with pieces of it from random places. Neighbouring pieces are independent; far ones may repeat,
 * which neither timing nor routing notices.
 */
final class Pools {
    private static final int BYTES = 1 << 20;
    private static final int PIECE = 1 << 15;
    /** Standard deviation of the fp8 codes: the largest of a block comes close to 448. */
    private static final double FP8_SPREAD = 100;
    private static final float[] E2M1 = {0, 0.5f, 1, 1.5f, 2, 3, 4, 6};
    private static final float[] E4M3 = e4m3();

    private final long seed;
    private final float[] normals = new float[BYTES / 2];
    private final Map<String, byte[]> pools = new HashMap<>();

    Pools(long seed) {
        this.seed = seed;
        Random random = new Random(seed);
        for (int i = 0; i < normals.length; i++) {
            normals[i] = (float) random.nextGaussian();
        }
    }

    /** Fills the room there is with contents of this tensor. */
    void fill(Spec spec, Random random, ByteBuffer into) {
        byte[] pool = pools.computeIfAbsent(spec.type() + " " + spec.fill() + " " + spec.scale(), key -> draw(spec));
        while (into.hasRemaining()) {
            int length = Math.min(PIECE, into.remaining());
            int places = (pool.length - length) / 8;
            into.put(pool, random.nextInt(places + 1) * 8, length);
        }
    }

    private byte[] draw(Spec spec) {
        Random random = new Random(seed * 31 + spec.fill().name().hashCode());
        ByteBuffer pool = ByteBuffer.allocate(BYTES).order(ByteOrder.LITTLE_ENDIAN);
        double unit = Math.scalb(1.0, exponent(spec.scale()));
        for (int i = 0; pool.hasRemaining(); i += 2) {
            switch (spec.fill()) {
                case ONES -> pool.putShort((short) 0x3f80);
                case FP8_SCALES -> pool
                        .putFloat((float) (spec.scale() / FP8_SPREAD * (0.9 + 0.2 * random.nextDouble())));
                case MXFP4_SCALES -> pool.put((byte) (127 + exponent(spec.scale()) - (random.nextInt(4) == 0 ? 1 : 0)));
                case E2M1_PAIRS -> pool.put((byte) (code(E2M1, 8, normal(i) * spec.scale() / unit)
                        | code(E2M1, 8, normal(i + 1) * spec.scale() / unit) << 4));
                case NORMAL -> putNormal(spec, normal(i / 2), pool);
            }
        }
        return pool.array();
    }

    private double normal(int i) {
        return normals[i % normals.length];
    }

    private static void putNormal(Spec spec, double normal, ByteBuffer pool) {
        switch (spec.type()) {
            case BF16 ->
                pool.putShort((short) ((Float.floatToIntBits((float) (normal * spec.scale())) + 0x8000) >> 16));
            case F32 -> pool.putFloat((float) (normal * spec.scale()));
            case F8_E4M3 -> pool.put((byte) code(E4M3, 128, normal * FP8_SPREAD));
            default -> throw new IllegalArgumentException("no normal values of " + spec.type());
        }
    }

    /** The scale of a group, as a power of two, at which E2M1 covers normal weights of this spread. */
    private static int exponent(double spread) {
        return (int) Math.round(Math.log(spread / 2) / Math.log(2));
    }

    /** The code of the value, rounded to the nearest magnitude; {@code sign} is the bit that makes it negative. */
    private static int code(float[] magnitudes, int sign, double value) {
        float magnitude = (float) Math.abs(value);
        int above = Arrays.binarySearch(magnitudes, magnitude);
        if (above < 0) {
            above = Math.min(-above - 1, magnitudes.length - 1);
        }
        boolean down = above > 0 && magnitude - magnitudes[above - 1] < magnitudes[above] - magnitude;
        return (down ? above - 1 : above) | (value < 0 ? sign : 0);
    }

    /** The finite magnitudes of E4M3, ascending. */
    private static float[] e4m3() {
        byte[] codes = new byte[127];
        for (int i = 0; i < codes.length; i++) {
            codes[i] = (byte) i;
        }
        return new Tensor(Path.of("codes"), "codes", DType.F8_E4M3, new long[]{codes.length}, 0,
                MemorySegment.ofArray(codes)).toFloats();
    }
}
