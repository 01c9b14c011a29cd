package io.moeplan.engine.cpu;

import io.moeplan.engine.model.Attention;
import io.moeplan.engine.model.LayerWeights;
import java.util.Arrays;

/**
 * The arithmetic of gated DeltaNet's heads once their inputs are projected. A key head walks along a sequence: a short causal
 * convolution of query, key and values, then for each value head, token by token,
 * {@code S = keep * S; S = S + k (strength * (v - S^T k))^T; output = S^T q} with a state {@code S} of
 * {@code [keyDim][valueDim]}.
 *
 * @see <a href="https://arxiv.org/abs/2412.06464">Gated Delta Networks: Improving Mamba2 with Delta Rule</a>
 */
final class DeltaHeads {
    private static final double EPSILON = 1e-6;

    /**
     * Some key heads of some tokens.
     *
     * @param head  the first of the key heads
     * @param mixed {@code [tokens][heads * mixedWidth]}, of each key head its query, its key, its values, their gates
     * @param rates {@code [tokens][heads * ratesWidth]}, of each key head the strengths, then the decays of its values
     */
    record Projected(int head, float[][] mixed, float[][] rates) {}

    private final Attention.GatedDelta shape;
    /** Value heads of a key head. */
    private final int ratio;
    private final int headWidth;
    private final double normEpsilon;
    private final float[] convolution;
    private final float[] decay;
    private final float[] decayBias;
    private final float[] outputNorm;

    DeltaHeads(Attention.GatedDelta shape, LayerWeights.Attention.GatedDelta weights, double normEpsilon) {
        this.shape = shape;
        this.normEpsilon = normEpsilon;
        ratio = shape.valueHeads() / shape.keyHeads();
        headWidth = mixedWidth(shape);
        convolution = weights.convolution().toFloats();
        decay = weights.decay().toFloats();
        decayBias = weights.decayBias().toFloats();
        outputNorm = weights.norm().toFloats();
    }

    /** Floats of a key head: its query, its key, its values, their gates. */
    static int mixedWidth(Attention.GatedDelta shape) {
        return 2 * shape.keyDim() + 2 * (shape.valueHeads() / shape.keyHeads()) * shape.valueDim();
    }

    /** Floats of a key head: strengths and decays of its values. */
    static int ratesWidth(Attention.GatedDelta shape) {
        return 2 * (shape.valueHeads() / shape.keyHeads());
    }

    /**
     * One key head's walk along one sequence; its values are replaced by outputs.
     *
     * @param held   which of the heads that are projected
     * @param start  the sequence's first token of those that are projected
     * @param before what came before, brought up to date; null if nothing did and nothing is to be kept
     */
    void walk(Projected projected, int held, int start, int tokens, DeltaPast before, Scratch scratch) {
        float[][] mixed = projected.mixed;
        int head = projected.head + held;
        int keyDim = shape.keyDim();
        int valueDim = shape.valueDim();
        int values = ratio * valueDim;
        int at = held * headWidth;
        convolve(mixed, before, start, tokens, at, keyDim, head * keyDim);
        convolve(mixed, before, start, tokens, at + keyDim, keyDim, shape.keyWidth() + head * keyDim);
        convolve(mixed, before, start, tokens, at + 2 * keyDim, values, 2 * shape.keyWidth() + head * values);
        float scale = (float) (1 / Math.sqrt(keyDim));
        for (int t = start; t < start + tokens; t++) {
            Numeric.normalise(mixed[t], at, keyDim, 1, EPSILON);
            Numeric.normalise(mixed[t], at + keyDim, keyDim, 1, EPSILON);
            for (int d = at; d < at + keyDim; d++) {
                mixed[t][d] *= scale;
            }
        }
        for (int r = 0; r < ratio; r++) {
            int valueHead = head * ratio + r;
            float[][] state = before == null ? emptyState(scratch) : before.state()[valueHead];
            for (int t = start; t < start + tokens; t++) {
                step(mixed[t], projected.rates[t], at, held, r, valueHead, state, scratch);
            }
        }
    }

    private float[][] emptyState(Scratch scratch) {
        float[][] state = scratch.rows(Scratch.Use.STATE, shape.keyDim(), shape.valueDim());
        for (int d = 0; d < shape.keyDim(); d++) {
            Arrays.fill(state[d], 0, shape.valueDim(), 0);
        }
        return state;
    }

    /** A causal convolution along a sequence with SiLU after it, of channels {@code [at, at + width)}, in place. */
    private void convolve(float[][] mixed, DeltaPast before, int start, int tokens, int at, int width,
            int channel) {
        int taps = shape.taps();
        float[][] next = before == null ? null : before.next(mixed, start, tokens, at, width, channel);
        for (int t = start + tokens - 1; t >= start; t--) {
            for (int d = 0; d < width; d++) {
                float sum = 0;
                for (int j = 0; j < taps; j++) {
                    int seen = t - taps + 1 + j;
                    float weight = convolution[(channel + d) * taps + j];
                    if (seen >= start) {
                        sum = Math.fma(weight, mixed[seen][at + d], sum);
                    } else if (before != null) {
                        sum = Math.fma(weight, before.tail()[seen - start + taps - 1][channel + d], sum);
                    }
                }
                mixed[t][at + d] = sum * Numeric.sigmoid(sum);
            }
        }
        if (before != null) {
            before.keep(next, width, channel);
        }
    }

    /** One token: the state decays, takes in what the value differs from its recall, and answers the query. */
    private void step(float[] row, float[] rate, int at, int held, int r, int valueHead, float[][] state,
            Scratch scratch) {
        int keyDim = shape.keyDim();
        int valueDim = shape.valueDim();
        int key = at + keyDim;
        int value = at + 2 * keyDim + r * valueDim;
        float strength = Numeric.sigmoid(rate[held * 2 * ratio + r]);
        double time = rate[held * 2 * ratio + ratio + r] + decayBias[valueHead];
        double softplus = time > 20 ? time : Math.log1p(Math.exp(time));
        float keep = (float) Math.exp(-Math.exp(decay[valueHead]) * softplus);
        float[] recall = scratch.row(Scratch.Use.HEAD, valueDim);
        Arrays.fill(recall, 0, valueDim, 0);
        for (int d = 0; d < keyDim; d++) {
            float[] line = state[d];
            float k = row[key + d];
            for (int j = 0; j < valueDim; j++) {
                line[j] *= keep;
                recall[j] = Math.fma(line[j], k, recall[j]);
            }
        }
        for (int j = 0; j < valueDim; j++) {
            recall[j] = (row[value + j] - recall[j]) * strength;
        }
        float[] out = scratch.row(Scratch.Use.ROW, valueDim);
        Arrays.fill(out, 0, valueDim, 0);
        for (int d = 0; d < keyDim; d++) {
            float[] line = state[d];
            float k = row[key + d];
            float q = row[at + d];
            for (int j = 0; j < valueDim; j++) {
                line[j] = Math.fma(k, recall[j], line[j]);
                out[j] = Math.fma(line[j], q, out[j]);
            }
        }
        System.arraycopy(out, 0, row, value, valueDim);
    }

    /**
     * The outputs of a token's value heads, normed and gated.
     *
     * @param row      the token's part of {@link Projected#mixed} after the walk
     * @param keyHeads how many key heads it has
     * @param into     {@code [keyHeads * ratio * valueDim]}
     */
    void gate(float[] row, int keyHeads, float[] into) {
        int valueDim = shape.valueDim();
        for (int h = 0; h < keyHeads * ratio; h++) {
            int value = h / ratio * headWidth + 2 * shape.keyDim() + h % ratio * valueDim;
            gateHead(row, value, value + ratio * valueDim, into, h * valueDim);
        }
    }

    /** {@code into = norm(value) * silu(gate)} of one head. */
    private void gateHead(float[] row, int value, int gate, float[] into, int at) {
        int valueDim = shape.valueDim();
        Numeric.normalise(row, value, valueDim, 1.0 / valueDim, normEpsilon);
        for (int j = 0; j < valueDim; j++) {
            float z = row[gate + j];
            into[at + j] = outputNorm[j] * row[value + j] * (z * Numeric.sigmoid(z));
        }
    }
}
