package io.moeplan.engine.cuda;

import io.moeplan.engine.cuda.driver.DenseGemm;
import io.moeplan.engine.cuda.driver.DenseGemm.Matrix;
import io.moeplan.engine.cuda.driver.DeviceBuffer;
import io.moeplan.engine.cuda.driver.NumberType;
import io.moeplan.engine.cuda.driver.Unavailable;
import io.moeplan.engine.cuda.kernels.Fp8GroupedGemm;
import io.moeplan.engine.cuda.kernels.Fp8GroupedGemm.Result;
import io.moeplan.engine.cuda.kernels.Fp8GroupedGemm.Scaled;
import io.moeplan.engine.cuda.kernels.GroupedGemm;
import io.moeplan.engine.cuda.kernels.GroupedGemm.Gate;
import io.moeplan.engine.cuda.kernels.GroupedGemm.Kind;
import io.moeplan.engine.cuda.kernels.GroupedGemm.Sizes;

/** Matrix products against plain loops in double, at sizes that no tile divides. */
final class ProductChecks {
    private ProductChecks() {}

    static void grouped(OnDevice on) {
        Gate clamped = new Gate(1.702f, 1, 1.5f);
        grouped(on, new Sizes(37, 5, 320, 192), new Kind(false, false, Gate.SILU), 0.1);
        grouped(on, new Sizes(700, 7, 384, 256), new Kind(true, false, Gate.SILU), 0.1);
        grouped(on, new Sizes(900, 6, 96, 64), new Kind(true, true, clamped), 0.1);
        grouped(on, new Sizes(900, 3, 768, 128), new Kind(false, true, Gate.SILU), 0.1);
        grouped(on, new Sizes(300, 3, 360, 64), new Kind(true, true, Gate.SILU), 0.1);
        grouped(on, new Sizes(300, 3, 360, 64), new Kind(true, false, clamped), 0.1);
        // Some results are beyond what float16 could hold without NumberType.mlpScale.
        grouped(on, new Sizes(300, 3, 360, 64), new Kind(true, false, Gate.SILU), 30);
    }

    /** First row of each expert; one has none, sizes are anything. */
    static int[] offsets(OnDevice on, Sizes sizes) {
        int[] offsets = on.random.ints(sizes.experts() + 1L, 0, sizes.rows() + 1).sorted().toArray();
        offsets[0] = 0;
        offsets[1] = 0;
        offsets[sizes.experts()] = sizes.rows();
        return offsets;
    }

    private static void grouped(OnDevice on, Sizes sizes, Kind kind, double scale) {
        int weightRows = sizes.experts() * (kind.gated() ? 2 : 1) * sizes.columns();
        float[] a = on.normal(sizes.rows() * sizes.depth(), 1);
        float[] w = on.normal(weightRows * sizes.depth(), scale);
        float[] bias = kind.bias() ? on.normal(weightRows, 1) : new float[weightRows];
        int[] offsets = offsets(on, sizes);
        DeviceBuffer c = on.room(2L * sizes.rows() * sizes.columns());
        double[] want = product(a, w, bias, sizes, offsets, kind);
        for (boolean hopper : on.cuda.capability() == 90 ? new boolean[]{true, false} : new boolean[1]) {
            c.fill(on.stream, (byte) 0xff);
            new GroupedGemm(hopper ? on.cuda : on.cuda.withoutHopper(), on.kernels, kind).multiply(on.stream, sizes,
                    on.narrow(a), on.narrow(w),
                    kind.bias() ? on.floats(bias) : 0, on.ints(offsets), c.address());
            OnDevice.near((hopper ? "wgmma " : "mma ") + sizes + " " + kind, on.readNarrow(c),
                    OnDevice.times(kind.gated() ? on.type().mlpScale() : 1, want), on.tolerance(4e-3));
        }
    }

    private static double[] product(float[] a, float[] w, Sizes sizes, int[] offsets, boolean gated) {
        float[] bias = new float[sizes.experts() * (gated ? 2 : 1) * sizes.columns()];
        return product(a, w, bias, sizes, offsets, new Kind(gated, false, Gate.SILU));
    }

    private static double[] product(float[] a, float[] w, float[] bias, Sizes sizes, int[] offsets, Kind kind) {
        int columns = sizes.columns();
        int depth = sizes.depth();
        double[] c = new double[sizes.rows() * columns];
        for (int expert = 0; expert < sizes.experts(); expert++) {
            int from = expert * columns * (kind.gated() ? 2 : 1);
            for (int row = offsets[expert]; row < offsets[expert + 1]; row++) {
                for (int n = 0; n < columns; n++) {
                    double x = dot(a, row * depth, w, (from + n) * depth, depth) + bias[from + n];
                    if (kind.gated()) {
                        int up = from + columns + n;
                        x = gated(x, dot(a, row * depth, w, up * depth, depth) + bias[up], kind.gate());
                    }
                    c[row * columns + n] = x;
                }
            }
        }
        return c;
    }

    private static double gated(double g, double u, Gate gate) {
        double x = Math.min(g, gate.limit());
        double y = Math.clamp(u, -gate.limit(), gate.limit()) + gate.shift();
        return y * x / (1 + Math.exp(-gate.slope() * x));
    }

    private static double dot(float[] a, int aFrom, float[] b, int bFrom, int count) {
        double sum = 0;
        for (int i = 0; i < count; i++) {
            sum += (double) a[aFrom + i] * b[bFrom + i];
        }
        return sum;
    }

    static void groupedFp8(OnDevice on) {
        groupedFp8(on, new Sizes(37, 5, 320, 256), Result.STORED);
        groupedFp8(on, new Sizes(700, 4, 256, 384), Result.GATED);
        groupedFp8(on, new Sizes(500, 3, 128, 128), Result.GATED);
        groupedFp8(on, new Sizes(900, 3, 768, 128), Result.STORED);
        groupedFp8(on, new Sizes(300, 3, 328, 256), Result.ADDED);
    }

    private static void groupedFp8(OnDevice on, Sizes sizes, Result result) {
        boolean gated = result == Result.GATED;
        int weightRows = sizes.columns() * (gated ? 2 : 1);
        int blocks = sizes.depth() / 128;
        int blockRows = Math.ceilDiv(weightRows, 128);
        byte[] a = codes(on, sizes.rows() * sizes.depth());
        byte[] w = codes(on, sizes.experts() * weightRows * sizes.depth());
        float[] aScales = positive(on, blocks * sizes.rows(), 0.02f);
        float[] wScales = positive(on, sizes.experts() * blockRows * blocks, 0.003f);
        float[] left = new float[a.length];
        for (int i = 0; i < a.length; i++) {
            int row = i / sizes.depth();
            left[i] = OnDevice.e4m3(a[i]) * aScales[i % sizes.depth() / 128 * sizes.rows() + row];
        }
        float[] right = new float[w.length];
        for (int i = 0; i < w.length; i++) {
            int row = i / sizes.depth();
            int block = row / weightRows * blockRows + row % weightRows / 128;
            right[i] = OnDevice.e4m3(w[i]) * wScales[block * blocks + i % sizes.depth() / 128];
        }
        int[] offsets = offsets(on, sizes);
        double[] want = product(left, right, sizes, offsets, gated);
        float[] before = on.normal(want.length, 1);
        DeviceBuffer c = on.room((long) want.length * switch (result) {
            case GATED -> 1;
            case STORED -> 2;
            case ADDED -> 4;
        });
        if (result == Result.ADDED) {
            c.copy(on.stream, on.floats(before), c.bytes());
            for (int i = 0; i < want.length; i++) {
                want[i] = before[i] + 0.5 * want[i];
            }
        }
        DeviceBuffer scales = on.room(4L * sizes.rows() * Math.ceilDiv(sizes.columns(), 128));
        new Fp8GroupedGemm(on.cuda, on.kernels, result).multiply(on.stream, sizes,
                new Scaled(on.bytes(a), on.floats(aScales)), new Scaled(on.bytes(w), on.floats(wScales)),
                on.ints(offsets), new Scaled(c.address(), scales.address()), 0.5f);
        float[] have = switch (result) {
            case GATED -> RowChecks.decoded(on, c, scales, sizes.columns());
            case STORED -> on.readNarrow(c);
            case ADDED -> on.readFloats(c);
        };
        OnDevice.near("fp8 grouped " + sizes + ", " + result, have,
                OnDevice.times(result == Result.STORED ? on.type().mlpScale() : 1, want), gated ? 0.04 : 5e-3);
    }

    /** Numbers of about 1, as quantised ones are; no NaN. */
    private static byte[] codes(OnDevice on, int count) {
        byte[] codes = new byte[count];
        for (int i = 0; i < count; i++) {
            codes[i] = (byte) (on.random.nextInt(0x60) + (on.random.nextBoolean() ? 0x80 : 0));
        }
        return codes;
    }

    private static float[] positive(OnDevice on, int count, float scale) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = scale * (0.5f + on.random.nextFloat());
        }
        return values;
    }

    static void dense(OnDevice on) {
        int rows = 77;
        int columns = 136;
        int depth = 200;
        float[] a = on.normal(rows * depth, 1);
        float[] w = on.normal(columns * depth, 1);
        double[] want = new double[rows * columns];
        for (int i = 0; i < want.length; i++) {
            want[i] = dot(a, i / columns * depth, w, i % columns * depth, depth);
        }
        try (DenseGemm gemm = new DenseGemm(on.cuda)) {
            Matrix left = Matrix.of(on.narrow(a), rows, depth, on.type());
            Matrix right = Matrix.of(on.narrow(w), columns, depth, on.type());
            DeviceBuffer c = on.room(2L * want.length);
            gemm.multiply(on.stream, left, right, Matrix.of(c.address(), rows, columns, on.type()), false);
            OnDevice.near("dense", on.readNarrow(c), want, on.tolerance(4e-3));
            DeviceBuffer wide = on.room(4L * want.length);
            Matrix sums = Matrix.of(wide.address(), rows, columns, NumberType.FP32);
            gemm.multiply(on.stream, left, right, sums, false);
            gemm.multiply(on.stream, left, right, sums, true);
            double[] twice = OnDevice.times(2, want);
            OnDevice.near("dense, added in float32", on.readFloats(wide), twice, 1e-5);
            gemm.multiply(on.stream, Matrix.of(on.floats(a), rows, depth, NumberType.FP32),
                    Matrix.of(on.floats(w), columns, depth, NumberType.FP32), sums, false);
            OnDevice.near("dense in float32", on.readFloats(wide), want, 1e-6);
        } catch (Unavailable e) {
            throw new AssertionError(e);
        }
    }
}
