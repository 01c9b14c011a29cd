package io.moeplan.engine;

import io.moeplan.engine.model.Architecture;
import io.moeplan.engine.model.Attention;
import io.moeplan.engine.model.FeedForward;
import io.moeplan.engine.model.LayerWeights;
import io.moeplan.engine.model.Model;
import io.moeplan.engine.model.Vector;
import io.moeplan.tensors.matrix.Matrix;
import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;

/** The model written down a second time, in double precision and without any thought of speed. */
final class Reference {
    private final Model model;
    private final Architecture architecture;

    Reference(Model model) {
        this.model = model;
        this.architecture = model.architecture();
    }

    /** The residual stream after the last layer, {@code [tokens][hidden]}. */
    double[][] residual(int[] ids) {
        double[][] x = new double[ids.length][];
        for (int t = 0; t < ids.length; t++) {
            x[t] = row(model.embedding(), ids[t]);
        }
        for (int layer = 0; layer < model.layers().size(); layer++) {
            LayerWeights weights = model.layers().get(layer);
            addAttention(x, layer);
            for (double[] token : x) {
                double[] normed = norm(token, weights.feedForwardNorm().weight());
                add(token, 1, switch (weights.feedForward()) {
                    case LayerWeights.FeedForward.Dense dense -> mlp(dense.mlp(), normed);
                    case LayerWeights.FeedForward.Sparse sparse -> experts(layer, sparse, normed);
                });
            }
        }
        return x;
    }

    private double[] experts(int layer, LayerWeights.FeedForward.Sparse weights, double[] x) {
        FeedForward.Sparse shape = architecture.sparse(layer);
        double[] score = softmax(linear(weights.router(), x));
        int[] chosen = IntStream.range(0, score.length).boxed()
                .sorted(Comparator.comparingDouble((Integer e) -> -score[e])).limit(shape.router().topK())
                .mapToInt(Integer::intValue).toArray();
        double sum = shape.router().divisor().sum() ? IntStream.of(chosen).mapToDouble(e -> score[e]).sum() : 1;
        double[] out = new double[x.length];
        for (int e : chosen) {
            add(out, score[e] / sum, mlp(weights.experts().get(e), x));
        }
        return out;
    }

    private void addAttention(double[][] x, int number) {
        LayerWeights layer = model.layers().get(number);
        Attention.GroupedQuery shape = (Attention.GroupedQuery) architecture.layers().get(number).attention();
        LayerWeights.Attention.GroupedQuery weights = (LayerWeights.Attention.GroupedQuery) layer.attention();
        int tokens = x.length;
        double[][] q = new double[tokens][];
        double[][] k = new double[tokens][];
        double[][] v = new double[tokens][];
        for (int t = 0; t < tokens; t++) {
            double[] normed = norm(x[t], layer.attentionNorm().weight());
            q[t] = turned(linear(weights.query(), normed), shape, weights.queryNorm().orElseThrow(),
                    t);
            k[t] = turned(linear(weights.key(), normed), shape, weights.keyNorm().orElseThrow(), t);
            v[t] = linear(weights.value(), normed);
        }
        int d = shape.headDim();
        for (int t = 0; t < tokens; t++) {
            double[] mixed = new double[shape.queryWidth()];
            int first = shape.span().first(t);
            for (int head = 0; head < shape.heads(); head++) {
                int kv = head / (shape.heads() / shape.kvHeads());
                double[] scores = new double[t + 1 - first];
                for (int s = first; s <= t; s++) {
                    for (int i = 0; i < d; i++) {
                        scores[s - first] += q[t][head * d + i] * k[s][kv * d + i] / Math.sqrt(d);
                    }
                }
                double[] p = softmax(scores);
                for (int s = first; s <= t; s++) {
                    for (int i = 0; i < d; i++) {
                        mixed[head * d + i] += p[s - first] * v[s][kv * d + i];
                    }
                }
            }
            add(x[t], 1, linear(weights.output(), mixed));
        }
    }

    private double[] turned(double[] x, Attention.GroupedQuery shape, Vector weight, int position) {
        int half = shape.headDim() / 2;
        for (int at = 0; at < x.length; at += shape.headDim()) {
            double[] head = norm(Arrays.copyOfRange(x, at, at + shape.headDim()), weight);
            for (int i = 0; i < half; i++) {
                double angle = position * (double) shape.rope().orElseThrow().frequencies()[i];
                double cosine = Math.cos(angle) * shape.rope().orElseThrow().magnitude();
                double sine = Math.sin(angle) * shape.rope().orElseThrow().magnitude();
                x[at + i] = head[i] * cosine - head[half + i] * sine;
                x[at + half + i] = head[half + i] * cosine + head[i] * sine;
            }
        }
        return x;
    }

    private static double[] mlp(LayerWeights.Mlp mlp, double[] x) {
        double[] gate = linear(mlp.gate(), x);
        double[] up = linear(mlp.up(), x);
        for (int i = 0; i < gate.length; i++) {
            gate[i] = gate[i] / (1 + Math.exp(-gate[i])) * up[i];
        }
        return linear(mlp.down(), gate);
    }

    private static double[] linear(LayerWeights.Linear linear, double[] x) {
        double[] y = linear(linear.weight(), x);
        linear.bias().ifPresent(bias -> add(y, 1, row(bias)));
        return y;
    }

    private static double[] linear(Matrix weight, double[] x) {
        double[] y = new double[weight.rows()];
        for (int n = 0; n < y.length; n++) {
            double[] row = row(weight, n);
            for (int k = 0; k < x.length; k++) {
                y[n] += row[k] * x[k];
            }
        }
        return y;
    }

    private double[] norm(double[] x, Vector weight) {
        double[] w = row(weight);
        double mean = Arrays.stream(x).map(value -> value * value).average().orElseThrow();
        double[] out = new double[x.length];
        for (int i = 0; i < x.length; i++) {
            out[i] = w[i] * x[i] / Math.sqrt(mean + architecture.norm().epsilon());
        }
        return out;
    }

    private static double[] softmax(double[] x) {
        double max = Arrays.stream(x).max().orElseThrow();
        double[] e = Arrays.stream(x).map(value -> Math.exp(value - max)).toArray();
        double sum = Arrays.stream(e).sum();
        return Arrays.stream(e).map(value -> value / sum).toArray();
    }

    private static void add(double[] into, double factor, double[] x) {
        for (int i = 0; i < x.length; i++) {
            into[i] += factor * x[i];
        }
    }

    private static double[] row(Matrix matrix, int row) {
        float[] floats = new float[matrix.columns()];
        matrix.read(row, 0, floats, 0, floats.length);
        return doubles(floats);
    }

    private static double[] row(Vector vector) {
        return doubles(vector.toFloats());
    }

    private static double[] doubles(float[] floats) {
        return IntStream.range(0, floats.length).mapToDouble(i -> floats[i]).toArray();
    }
}
