package io.moeplan.engine.cuda;

import io.moeplan.engine.cuda.driver.DeviceBuffer;
import io.moeplan.engine.cuda.kernels.Fp8GroupedGemm;
import io.moeplan.engine.cuda.kernels.Fp8GroupedGemm.Result;
import io.moeplan.engine.cuda.kernels.Fp8GroupedGemm.Scaled;
import io.moeplan.engine.cuda.kernels.GroupedGemm;
import io.moeplan.engine.cuda.kernels.GroupedGemm.Sizes;

/**
 * Grouped products in which each multiprocessor takes many tiles one after the other, against the simple kernel: what goes
 * wrong between tiles does not show in small ones.
 */
final class LargeProductChecks {
    private static final Sizes SIZES = new Sizes(20_000, 24, 768, 1024);

    private LargeProductChecks() {}

    static void grouped(OnDevice on) {
        DeviceBuffer a = random(on, "random_narrow", 2, (long) SIZES.rows() * SIZES.depth());
        DeviceBuffer w = random(on, "random_narrow", 2, 2L * SIZES.experts() * SIZES.columns() * SIZES.depth());
        long offsets = on.ints(ProductChecks.offsets(on, SIZES));
        for (boolean gated : new boolean[]{false, true}) {
            double[] want = simple(on, a.address(), w.address(), offsets, gated);
            DeviceBuffer c = on.room(2L * want.length);
            for (boolean hopper : on.cuda.capability() == 90 ? new boolean[]{true, false} : new boolean[1]) {
                c.fill(on.stream, (byte) 0xff);
                new GroupedGemm(hopper ? on.cuda : on.cuda.withoutHopper(), on.kernels,
                        new GroupedGemm.Kind(gated, false, GroupedGemm.Gate.SILU)).multiply(on.stream, SIZES,
                                a.address(),
                                w.address(), offsets, c.address());
                OnDevice.near((hopper ? "wgmma " : "mma ") + SIZES + (gated ? ", gated" : ""), on.readNarrow(c), want,
                        on.tolerance(4e-3));
            }
        }
    }

    static void groupedFp8(OnDevice on) {
        long offsets = on.ints(ProductChecks.offsets(on, SIZES));
        int blocks = SIZES.depth() / 128;
        DeviceBuffer a = random(on, "random_e4m3", 1, (long) SIZES.rows() * SIZES.depth());
        float[] aScales = powers(on, blocks * SIZES.rows());
        float[] left = decoded(on.readBytes(a), (row, block) -> aScales[block * SIZES.rows() + row]);
        for (boolean gated : new boolean[]{false, true}) {
            int weightRows = SIZES.columns() * (gated ? 2 : 1);
            DeviceBuffer w = random(on, "random_e4m3", 1, (long) SIZES.experts() * weightRows * SIZES.depth());
            float[] wScales = powers(on, SIZES.experts() * weightRows / 128 * blocks);
            float[] right = decoded(on.readBytes(w), (row, block) -> wScales[row / 128 * blocks + block]);
            double[] want = simple(on, on.narrow(left), on.narrow(right), offsets, gated);
            DeviceBuffer c = on.room(gated ? want.length : 2L * want.length);
            DeviceBuffer scales = on.room(4L * SIZES.rows() * SIZES.columns() / 128);
            new Fp8GroupedGemm(on.cuda, on.kernels, gated ? Result.GATED : Result.STORED).multiply(on.stream, SIZES,
                    new Scaled(a.address(), on.floats(aScales)), new Scaled(w.address(), on.floats(wScales)), offsets,
                    new Scaled(c.address(), scales.address()));
            float[] have = gated ? RowChecks.decoded(on, c, scales, SIZES.columns()) : on.readNarrow(c);
            // Only what this one gates and that one stores is scaled.
            double scale = gated ? 1 / on.type().mlpScale() : on.type().mlpScale();
            OnDevice.near("fp8 " + SIZES + (gated ? ", gated" : ""), have, OnDevice.times(scale, want),
                    gated ? 0.04 : 5e-3);
        }
    }

    private static DeviceBuffer random(OnDevice on, String kernel, int bytes, long count) {
        DeviceBuffer to = on.room(bytes * count);
        on.kernels.get("random", kernel).launch(on.stream, new int[]{256, 1, 1}, 256, 0, to, count,
                on.random.nextInt(), bytes == 1 ? 0.002f : 0.3f);
        return to;
    }

    /** Scales that keep e4m3 numbers exact in 16 bits. */
    private static float[] powers(OnDevice on, int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = on.random.nextBoolean() ? 0.25f : 0.5f;
        }
        return values;
    }

    @FunctionalInterface
    private interface Scale {
        float of(int row, int block);
    }

    private static float[] decoded(byte[] codes, Scale scale) {
        float[] table = new float[256];
        for (int i = 0; i < 256; i++) {
            table[i] = OnDevice.e4m3((byte) i);
        }
        float[] values = new float[codes.length];
        for (int i = 0; i < codes.length; i++) {
            values[i] = table[codes[i] & 0xff] * scale.of(i / SIZES.depth(), i % SIZES.depth() / 128);
        }
        return values;
    }

    private static double[] simple(OnDevice on, long a, long w, long offsets, boolean gated) {
        DeviceBuffer c = on.room(2L * SIZES.rows() * SIZES.columns());
        on.kernels.get("grouped_gemm_simple", "grouped_gemm_simple").launch(on.stream,
                new int[]{Math.ceilDiv(SIZES.columns(), 128), SIZES.rows(), 1}, 128, 0, a, w, c, offsets,
                SIZES.experts(), SIZES.columns(), SIZES.depth(), gated ? 1 : 0);
        float[] values = on.readNarrow(c);
        double[] wide = new double[values.length];
        for (int i = 0; i < wide.length; i++) {
            wide[i] = values[i];
        }
        return wide;
    }
}
