package io.moeplan.engine.cpu;

import io.moeplan.engine.backend.Sequences;
import io.moeplan.engine.backend.Work;
import io.moeplan.engine.gemm.Part;
import io.moeplan.engine.gemm.Rows;
import io.moeplan.engine.model.Architecture;
import io.moeplan.engine.model.Attention;
import io.moeplan.engine.model.Cost;
import io.moeplan.engine.model.LayerWeights;
import io.moeplan.tensors.matrix.Matrix;
import java.util.Arrays;

/**
 * Gated DeltaNet of one layer over a wave, some whole sequences and some key heads at a time: projections of all tokens, then
 * every head's walk along its sequence, then the output projection.
 */
final class DeltaLayer {
    /** Floats held per token, unless one key head has more. */
    private static final int HELD_FLOATS = 4096;
    private static final double EPSILON = 1e-6;

    private final Architecture architecture;
    private final Attention.GatedDelta shape;
    private final LayerWeights.Attention.GatedDelta weights;
    private final Norms inputNorm;
    private final Sequences sequences;
    private final OffHeapRows residual;
    private final OffHeapRows kept;
    private final int capacity;
    /** What came before, by sequence; null if nothing did and nothing is to be kept. */
    private final DeltaPast[] past;
    /** Value heads of a key head. */
    private final int ratio;
    /** Floats of a key head: its query, its key, its values, their gates. */
    private final int headWidth;
    private final float[] convolution;
    private final float[] decay;
    private final float[] decayBias;
    private final float[] outputNorm;

    /**
     * The layer over a wave.
     *
     * @param capacity tokens of the sequences taken together; a longer sequence is taken alone
     * @param past     what came before, by sequence, brought up to date by {@link #run}; null if nothing did
     */
    DeltaLayer(Architecture architecture, Attention.GatedDelta shape, LayerWeights.Attention.GatedDelta weights,
            Norms inputNorm, Sequences sequences, OffHeapRows residual, OffHeapRows kept, int capacity,
            DeltaPast[] past) {
        this.architecture = architecture;
        this.shape = shape;
        this.weights = weights;
        this.inputNorm = inputNorm;
        this.sequences = sequences;
        this.residual = residual;
        this.kept = kept;
        this.capacity = capacity;
        this.past = past;
        ratio = shape.valueHeads() / shape.keyHeads();
        headWidth = headWidth(shape);
        convolution = weights.convolution().toFloats();
        decay = weights.decay().toFloats();
        decayBias = weights.decayBias().toFloats();
        outputNorm = weights.norm().toFloats();
    }

    private static int headWidth(Attention.GatedDelta shape) {
        return 2 * shape.keyDim() + 2 * (shape.valueHeads() / shape.keyHeads()) * shape.valueDim();
    }

    /** Floats held per token. */
    static int heldWidth(Attention.GatedDelta shape) {
        int rates = 2 * shape.valueHeads() / shape.keyHeads();
        return heldHeads(shape) * (headWidth(shape) + rates);
    }

    private static int heldHeads(Attention.GatedDelta shape) {
        return Math.clamp(HELD_FLOATS / headWidth(shape), 1, shape.keyHeads());
    }

    /** Adds this layer's output to the residual of all sequences. */
    void run(Workers workers, Work work) {
        Tiles all = workers.tiles(0, sequences.tokens());
        workers.run(new long[all.count()], work, (tile, scratch) -> prepare(all.start(tile), all.rows(tile), scratch));
        int first = 0;
        while (first < sequences.count()) {
            int last = first + 1;
            int base = sequences.start(first);
            while (last < sequences.count() && sequences.start(last + 1) - base <= capacity) {
                last++;
            }
            int held = heldHeads(shape);
            for (int head = 0; head < shape.keyHeads(); head += held) {
                new Group(first, last, head, Math.min(held, shape.keyHeads() - head)).run(workers, work);
            }
            first = last;
        }
    }

    private void prepare(int from, int rows, Scratch scratch) {
        float[] x = scratch.row(Scratch.Use.ROW, architecture.hidden());
        for (int i = 0; i < rows; i++) {
            residual.read(from + i, x);
            inputNorm.apply(x);
            kept.write(from + i, x, architecture.hidden());
        }
    }

    /** Some sequences and some key heads. */
    private final class Group {
        private final int first;
        private final int last;
        private final int base;
        private final int end;
        private final int head;
        private final int heads;
        /** {@code [tokens][heads * headWidth]} as projected; values are replaced by outputs. */
        private final float[][] mixed;
        /** {@code [tokens][heads * 2 * ratio]}, for each key head strengths, then decays. */
        private final float[][] rates;

        Group(int first, int last, int head, int heads) {
            this.first = first;
            this.last = last;
            this.head = head;
            this.heads = heads;
            base = sequences.start(first);
            end = sequences.start(last);
            mixed = new float[end - base][heads * headWidth];
            rates = new float[end - base][heads * 2 * ratio];
        }

        void run(Workers workers, Work work) {
            Tiles tiles = workers.tiles(base, end);
            long[] costs = tiles.costs(Cost.keysValues(architecture, shape) * heads / shape.keyHeads());
            workers.run(costs, work, (tile, scratch) -> project(tiles.start(tile), tiles.rows(tile), scratch));
            long step = Cost.attend(architecture, shape, 0) * heads / shape.keyHeads();
            long[] walks = new long[(last - first) * heads];
            for (int walk = 0; walk < walks.length; walk++) {
                int sequence = first + walk / heads;
                walks[walk] = (sequences.start(sequence + 1) - sequences.start(sequence)) * step / heads;
            }
            workers.run(walks, work, (walk, scratch) -> walk(first + walk / heads, walk % heads, scratch));
            workers.run(new long[tiles.count()], work,
                    (tile, scratch) -> output(tiles.start(tile), tiles.rows(tile), scratch));
        }

        private void project(int from, int rows, Scratch scratch) {
            Rows x = kept.rows(from, rows, 0, architecture.hidden());
            Matrix all = weights.mixed().weight();
            Projection.apply(all, Part.rows(all, head * headWidth, heads * headWidth), x, mixed, from - base, scratch);
            Matrix both = weights.rates().weight();
            Projection.apply(both, Part.rows(both, head * 2 * ratio, heads * 2 * ratio), x, rates, from - base,
                    scratch);
        }

        /** One key head's walk along one sequence. */
        private void walk(int sequence, int held, Scratch scratch) {
            int keyDim = shape.keyDim();
            int valueDim = shape.valueDim();
            int values = ratio * valueDim;
            int at = held * headWidth;
            int start = sequences.start(sequence) - base;
            int tokens = sequences.start(sequence + 1) - base - start;
            DeltaPast before = past == null ? null : past[sequence];
            convolve(before, start, tokens, at, keyDim, (head + held) * keyDim);
            convolve(before, start, tokens, at + keyDim, keyDim, shape.keyWidth() + (head + held) * keyDim);
            convolve(before, start, tokens, at + 2 * keyDim, values, 2 * shape.keyWidth() + (head + held) * values);
            float scale = (float) (1 / Math.sqrt(keyDim));
            for (int t = start; t < start + tokens; t++) {
                Numeric.normalise(mixed[t], at, keyDim, 1, EPSILON);
                Numeric.normalise(mixed[t], at + keyDim, keyDim, 1, EPSILON);
                for (int d = at; d < at + keyDim; d++) {
                    mixed[t][d] *= scale;
                }
            }
            for (int r = 0; r < ratio; r++) {
                int valueHead = (head + held) * ratio + r;
                float[][] state = before == null ? emptyState(scratch) : before.state()[valueHead];
                for (int t = start; t < start + tokens; t++) {
                    step(mixed[t], rates[t], at, held, r, valueHead, state, scratch);
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
        private void convolve(DeltaPast before, int start, int tokens, int at, int width, int channel) {
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

        private void output(int from, int rows, Scratch scratch) {
            int valueDim = shape.valueDim();
            int width = heads * ratio * valueDim;
            float[][] gated = scratch.rows(Scratch.Use.MIXED, rows, width);
            for (int i = 0; i < rows; i++) {
                float[] row = mixed[from - base + i];
                for (int h = 0; h < heads * ratio; h++) {
                    int value = h / ratio * headWidth + 2 * shape.keyDim() + h % ratio * valueDim;
                    gate(row, value, value + ratio * valueDim, gated[i], h * valueDim);
                }
            }
            float[][] out = scratch.rows(Scratch.Use.OUTPUT, rows, architecture.hidden());
            Projection.apply(weights.output().weight(),
                    Part.columns(weights.output().weight(), head * ratio * valueDim, width), gated, 0, rows,
                    out, 0, scratch);
            float[] buffer = scratch.row(Scratch.Use.ROW, architecture.hidden());
            for (int i = 0; i < rows; i++) {
                residual.add(from + i, architecture.scales().residual(), out[i], buffer);
            }
        }

        /** {@code into = norm(value) * silu(gate)} of one head. */
        private void gate(float[] row, int value, int gate, float[] into, int at) {
            int valueDim = shape.valueDim();
            Numeric.normalise(row, value, valueDim, 1.0 / valueDim, architecture.norm().epsilon());
            for (int j = 0; j < valueDim; j++) {
                float z = row[gate + j];
                into[at + j] = outputNorm[j] * row[value + j] * (z * Numeric.sigmoid(z));
            }
        }
    }
}
