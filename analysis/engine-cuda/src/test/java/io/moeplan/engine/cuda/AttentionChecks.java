package io.moeplan.engine.cuda;

import io.moeplan.engine.cuda.driver.DeviceBuffer;
import io.moeplan.engine.cuda.kernels.Attention;
import io.moeplan.engine.cuda.kernels.Attention.Heads;
import io.moeplan.engine.cuda.kernels.Attention.Rows;

/** Attention against plain loops in double, with sequences that no tile divides. */
final class AttentionChecks {
    private static final int[] STARTS = {0, 1, 64, 192, 321, 700, 1213};

    private AttentionChecks() {}

    static void grouped(OnDevice on) {
        fused(on, new Heads(4, 2, 128, 128, false), 0, false);
        fused(on, new Heads(6, 2, 64, 64, false), 0, false);
    }

    static void windows(OnDevice on) {
        fused(on, new Heads(2, 1, 128, 128, false), 100, false);
        fused(on, new Heads(2, 1, 64, 64, false), 128, true);
        fused(on, new Heads(2, 2, 64, 64, false), 0, true);
    }

    private static void fused(OnDevice on, Heads heads, int window, boolean sinks) {
        int tokens = STARTS[STARTS.length - 1];
        int dim = heads.values();
        int stride = (heads.queries() + 2 * heads.keys()) * dim;
        float[] qkv = on.normal(tokens * stride, 1);
        float[] sink = on.normal(heads.queries(), 1);
        int keys = heads.queries() * dim;
        int values = keys + heads.keys() * dim;
        long base = on.narrow(qkv);
        Matrix q = new Matrix(qkv, 0, stride, dim);
        Matrix k = new Matrix(qkv, keys, stride, dim);
        Matrix v = new Matrix(qkv, values, stride, dim);
        float scale = (float) (1 / Math.sqrt(dim));
        run(on, heads, new Rows[]{new Rows(base, stride, dim), new Rows(base + 2L * keys, stride, dim),
            new Rows(base + 2L * values, stride, dim), new Rows(0, 0, 0)},
                new Attention.Options(scale, window, sinks ? on.floats(sink) : 0),
                reference(heads, q, k, v, q, scale, window, sinks ? sink : null));
    }

    static void latent(OnDevice on) {
        Heads heads = new Heads(3, 3, 192, 128, true);
        int tokens = STARTS[STARTS.length - 1];
        int qStride = 3 * 192;
        int kvStride = 3 * 256;
        int ropeStride = 576;
        float[] q = on.normal(tokens * qStride, 1);
        float[] kv = on.normal(tokens * kvStride, 1);
        float[] rope = on.normal(tokens * ropeStride, 1);
        long values = on.narrow(kv);
        float scale = (float) (1 / Math.sqrt(192));
        run(on, heads, new Rows[]{new Rows(on.narrow(q), qStride, 192), new Rows(values, kvStride, 256),
            new Rows(values + 256, kvStride, 256), new Rows(on.narrow(rope) + 1024, ropeStride, 0)},
                new Attention.Options(scale, 0, 0),
                reference(heads, new Matrix(q, 0, qStride, 192), new Matrix(kv, 0, kvStride, 256),
                        new Matrix(kv, 128, kvStride, 256), new Matrix(rope, 512, ropeStride, 0), scale, 0, null));
    }

    private record Matrix(float[] values, int from, int stride, int step) {
        double at(int row, int head, int column) {
            return values[from + row * stride + head * step + column];
        }
    }

    private static void run(OnDevice on, Heads heads, Rows[] in, Attention.Options options, double[] want) {
        DeviceBuffer out = on.room(2L * want.length);
        Rows to = new Rows(out.address(), (long) heads.queries() * heads.values(), heads.values());
        for (boolean hopper : on.cuda.capability() == 90 ? new boolean[]{true, false} : new boolean[1]) {
            out.fill(on.stream, (byte) 0xff);
            try (Attention.Tiles tiles = new Attention.Tiles(on.cuda, on.stream, STARTS)) {
                new Attention(hopper ? on.cuda : on.cuda.withoutHopper(), on.kernels, heads).attend(on.stream, tiles,
                        new Attention.Matrices(in[0], in[1], in[2], in[3], to), options);
                on.stream.synchronize();
            }
            OnDevice.near(
                    (hopper ? "wgmma " : "mma ") + heads + ", window " + options.window()
                            + (options.sinks() == 0 ? "" : ", sinks"),
                    on.readNarrow(out), want, on.tolerance(6e-3));
        }
    }

    private static double[] reference(Heads heads, Matrix q, Matrix k, Matrix v, Matrix rope, double scale, int window,
            float[] sinks) {
        int width = heads.queries() * heads.values();
        double[] out = new double[STARTS[STARTS.length - 1] * width];
        int own = heads.sharedRope() ? heads.columns() - 64 : heads.columns();
        for (int s = 0; s + 1 < STARTS.length; s++) {
            for (int t = STARTS[s]; t < STARTS[s + 1]; t++) {
                int first = window > 0 ? Math.max(STARTS[s], t - window + 1) : STARTS[s];
                for (int h = 0; h < heads.queries(); h++) {
                    int group = h / (heads.queries() / heads.keys());
                    double sum = sinks == null ? 0 : Math.exp(sinks[h]);
                    for (int u = first; u <= t; u++) {
                        double score = 0;
                        for (int i = 0; i < heads.columns(); i++) {
                            score += q.at(t, h, i) * (i < own ? k.at(u, group, i) : rope.at(u, 0, i - own));
                        }
                        double weight = Math.exp(score * scale);
                        sum += weight;
                        for (int i = 0; i < heads.values(); i++) {
                            out[t * width + h * heads.values() + i] += weight * v.at(u, group, i);
                        }
                    }
                    for (int i = 0; i < heads.values(); i++) {
                        out[t * width + h * heads.values() + i] /= sum;
                    }
                }
            }
        }
        return out;
    }
}
