package io.moeplan.engine.cuda;

import io.moeplan.engine.cuda.driver.DeviceBuffer;
import io.moeplan.engine.cuda.driver.Launcher;
import io.moeplan.engine.cuda.kernels.Combine;
import io.moeplan.engine.cuda.kernels.Fp8GroupedGemm.Scaled;
import io.moeplan.engine.cuda.kernels.HeadRope;
import io.moeplan.engine.cuda.kernels.Spread;
import java.util.Arrays;

/** Kernels that pass over rows of the residual stream and of heads, against plain loops in double. */
final class RowChecks {
    private static final float EPSILON = 1e-5f;

    private RowChecks() {}

    static void norms(OnDevice on) {
        for (int width : new int[]{64, 1000, 2048, 7168}) {
            int rows = 5;
            float[] x = on.normal(rows * width, 3);
            float[] weight = on.normal(width, 1);
            DeviceBuffer out = on.room(2L * rows * width);
            DeviceBuffer low = on.room(2L * rows * width);
            double[] want = norm(doubles(x), weight, width);
            Launcher launcher = new Launcher(on.cuda, on.kernels, on.stream);
            launcher.rows("norm", "norm_residual", rows, 256, on.floats(x), out.address(), low.address(),
                    on.floats(weight), 0L, width, EPSILON);
            float[] high = on.readNarrow(out);
            OnDevice.near("norm of " + width, high, want, on.tolerance(4e-3));
            float[] rest = on.readNarrow(low);
            for (int i = 0; i < rest.length; i++) {
                rest[i] += high[i];
            }
            OnDevice.near("with what rounding took", rest, want, on.tolerance(2e-5));
            // In place, in a wider matrix: rows that begin at 16 bytes, and rows that do not.
            for (int stride : new int[]{width + 8, width + 3}) {
                float[] wide = on.normal(rows * stride, 3);
                DeviceBuffer own = on.room(2L * wide.length);
                own.copy(on.stream, on.narrow(wide), own.bytes());
                launcher.rows("norm", "norm_rows", rows, 256, own.address(), (long) stride, on.floats(weight), width,
                        EPSILON);
                double[] all = doubles(wide);
                for (int row = 0; row < rows; row++) {
                    double[] part = Arrays.copyOfRange(all, row * stride, row * stride + width);
                    System.arraycopy(norm(part, weight, width), 0, all, row * stride, width);
                }
                OnDevice.near("norm in rows of " + stride, on.readNarrow(own), all, on.tolerance(4e-3));
            }
        }
    }

    private static double[] norm(double[] x, float[] weight, int width) {
        double[] out = new double[x.length];
        for (int from = 0; from < x.length; from += width) {
            double squares = 0;
            for (int i = 0; i < width; i++) {
                squares += x[from + i] * x[from + i];
            }
            double factor = 1 / Math.sqrt(squares / width + EPSILON);
            for (int i = 0; i < width; i++) {
                out[from + i] = x[from + i] * factor * weight[i];
            }
        }
        return out;
    }

    private static double[] doubles(float[] x) {
        double[] out = new double[x.length];
        for (int i = 0; i < x.length; i++) {
            out[i] = x[i];
        }
        return out;
    }

    static void combine(OnDevice on) {
        int tokens = 7;
        for (int width : new int[]{64, 2048, 7168}) {
            for (int topK : new int[]{2, 8}) {
                float[] x = on.normal(tokens * width, 1);
                float[] y = on.normal(tokens * topK * width, 1);
                float[] weights = on.normal(tokens * topK, 0.3);
                float[] norm = on.normal(width, 1);
                int[] rows = shuffled(on, tokens * topK);
                DeviceBuffer out = on.room(2L * tokens * width);
                DeviceBuffer stream = on.room(4L * tokens * width);
                double[] sums = doubles(x);
                for (int i = 0; i < sums.length; i++) {
                    int t = i / width;
                    for (int k = 0; k < topK; k++) {
                        sums[i] += weights[t * topK + k] * y[rows[t * topK + k] * width + i % width]
                                / on.type().mlpScale();
                    }
                }
                long in = on.floats(x);
                new Combine(on.kernels, width, topK, true).apply(on.stream, tokens, in,
                        new Combine.Parts(on.narrow(y), on.ints(rows), on.floats(weights)),
                        on.floats(norm), out.address(), EPSILON);
                // Adding nothing leaves x as it is: a copy that can be read.
                new Combine(on.kernels, width, topK, false).apply(on.stream, tokens, in,
                        new Combine.Parts(on.narrow(y), on.ints(rows), on.floats(new float[tokens * topK])), 0, 0, 0);
                stream.copy(on.stream, in, stream.bytes());
                String name = "combine " + topK + " of " + width;
                OnDevice.near(name, on.readFloats(stream), sums, 1e-6);
                OnDevice.near(name + ", normed", on.readNarrow(out), norm(sums, norm, width),
                        on.tolerance(4e-3));
            }
        }
    }

    private static int[] shuffled(OnDevice on, int count) {
        int[] all = new int[count];
        for (int i = 0; i < count; i++) {
            int j = on.random.nextInt(i + 1);
            all[i] = all[j];
            all[j] = i;
        }
        return all;
    }

    static void spread(OnDevice on) {
        int tokens = 9;
        for (int width : new int[]{128, 2048, 7168}) {
            for (int topK : new int[]{1, 8}) {
                float[] x = on.normal(tokens * width, 2);
                int[] rows = shuffled(on, tokens * topK);
                double[] want = new double[tokens * topK * width];
                for (int i = 0; i < want.length; i++) {
                    int choice = i / width;
                    want[rows[choice] * width + i % width] = x[choice / topK * width + i % width];
                }
                DeviceBuffer out = on.room(2L * want.length);
                new Spread(on.kernels, width, topK, false).apply(on.stream, tokens, on.narrow(x), on.ints(rows),
                        new Scaled(out.address(), 0));
                OnDevice.near("spread " + topK + " of " + width, on.readNarrow(out), want, 1e-9);
                DeviceBuffer codes = on.room(want.length);
                DeviceBuffer scales = on.room(want.length / 128 * 4L);
                new Spread(on.kernels, width, topK, true).apply(on.stream, tokens, on.narrow(x), on.ints(rows),
                        new Scaled(codes.address(), scales.address()));
                OnDevice.near("spread as fp8", decoded(on, codes, scales, width), want, 0.04);
            }
        }
    }

    /** Numbers of e4m3 rows with column-major scales. */
    static float[] decoded(OnDevice on, DeviceBuffer codes, DeviceBuffer scales, int width) {
        byte[] values = on.readBytes(codes);
        float[] factors = on.readFloats(scales);
        int rows = values.length / width;
        float[] out = new float[values.length];
        for (int i = 0; i < out.length; i++) {
            out[i] = OnDevice.e4m3(values[i]) * factors[i % width / 128 * rows + i / width];
        }
        return out;
    }

    static void headRope(OnDevice on) {
        headRope(on, 128, 128, false, true);
        headRope(on, 128, 64, false, true);
        headRope(on, 64, 64, false, false);
        headRope(on, 64, 64, true, false);
        headRope(on, 256, 64, false, true);
        headRope(on, 128, 0, false, true);
    }

    private static void headRope(OnDevice on, int dim, int rotary, boolean interleaved, boolean normed) {
        int tokens = 11;
        int queries = 3;
        int heads = 5;
        int stride = (heads + 2) * dim + 8;
        float[] rows = on.normal(tokens * stride, 1);
        float[][] weights = {on.normal(dim, 1), on.normal(dim, 1)};
        float[] turns = on.normal(64 * Math.max(1, rotary), 1);
        int[] positions = on.random.ints(tokens, 0, 64).toArray();
        double[] want = doubles(rows);
        for (int t = 0; t < tokens; t++) {
            for (int h = 0; h < heads; h++) {
                double[] head = new double[dim];
                for (int i = 0; i < dim; i++) {
                    head[i] = want[t * stride + h * dim + i];
                }
                head = normed ? norm(head, weights[h < queries ? 0 : 1], dim) : head;
                turn(head, turns, positions[t] * rotary, rotary, interleaved);
                System.arraycopy(head, 0, want, t * stride + h * dim, dim);
            }
        }
        DeviceBuffer out = on.room(2L * rows.length);
        out.copy(on.stream, on.narrow(rows), out.bytes());
        new HeadRope(on.kernels, dim, rotary, interleaved, normed).apply(on.stream,
                new HeadRope.Heads(out.address(), stride, dim, tokens, heads, queries),
                new HeadRope.Norms(on.floats(weights[0]), on.floats(weights[1]), EPSILON), on.floats(turns),
                on.ints(positions));
        OnDevice.near("rope of " + rotary + " in heads of " + dim + (interleaved ? ", interleaved" : ""),
                on.readNarrow(out), want, on.tolerance(4e-3));
    }

    private static void turn(double[] head, float[] turns, int from, int rotary, boolean interleaved) {
        for (int i = 0; i < rotary / 2; i++) {
            int first = interleaved ? 2 * i : i;
            int second = interleaved ? 2 * i + 1 : i + rotary / 2;
            double a = head[first];
            double b = head[second];
            double cosine = turns[from + 2 * i];
            double sine = turns[from + 2 * i + 1];
            head[first] = a * cosine - b * sine;
            head[second] = b * cosine + a * sine;
        }
    }
}
