package io.moeplan.engine.cpu;

import io.moeplan.engine.backend.Sequences;
import io.moeplan.engine.backend.Work;
import io.moeplan.engine.model.Architecture;
import io.moeplan.engine.model.Attention;
import io.moeplan.engine.model.Cost;
import io.moeplan.engine.model.LayerWeights;
import io.moeplan.tensors.Tensor;
import java.util.Arrays;

/**
 * Grouped-query attention of one layer over a wave, some whole sequences at a time: first the keys and values of all of
 * them, then queries, scores and outputs, {@value #QUERY_BLOCK} queries at a time against the scores of one head, so that
 * memory grows with the length of a sequence, never with its square.
 */
final class GroupedQueryLayer {
    private static final int QUERY_BLOCK = 16;

    private final Architecture architecture;
    private final Attention.GroupedQuery shape;
    private final LayerWeights.Attention weights;
    private final float[] inputNorm;
    private final float[] queryNorm;
    private final float[] keyNorm;
    private final RotaryTable rotary;
    private final Sequences sequences;
    private final OffHeapRows residual;
    private final KeyValues cache;

    GroupedQueryLayer(Architecture architecture, Attention.GroupedQuery shape, LayerWeights layer, RotaryTable rotary,
            Sequences sequences, OffHeapRows residual, KeyValues cache) {
        this.architecture = architecture;
        this.shape = shape;
        this.weights = layer.attention();
        this.inputNorm = layer.attentionNorm().toFloats();
        this.queryNorm = weights.queryNorm().map(Tensor::toFloats).orElse(null);
        this.keyNorm = weights.keyNorm().map(Tensor::toFloats).orElse(null);
        this.rotary = rotary;
        this.sequences = sequences;
        this.residual = residual;
        this.cache = cache;
    }

    /** Adds this layer's attention to the residual of all sequences. */
    void run(Workers workers, Work work) {
        int first = 0;
        while (first < sequences.count()) {
            int last = first + 1;
            int base = sequences.start(first);
            while (last < sequences.count() && sequences.start(last + 1) - base <= cache.capacity()) {
                last++;
            }
            group(base, sequences.start(last), workers, work);
            first = last;
        }
    }

    private void group(int base, int end, Workers workers, Work work) {
        Tiles tiles = Tiles.of(base, end, workers.threads());
        workers.run(tiles.costs(Cost.keysValues(architecture)), work,
                (tile, scratch) -> keysAndValues(base, tiles.start(tile), tiles.rows(tile), scratch));
        long[] costs = new long[tiles.count()];
        for (int tile = 0; tile < costs.length; tile++) {
            for (int i = 0; i < tiles.rows(tile); i++) {
                costs[tile] += Cost.attend(architecture, sequences.position(tiles.start(tile) + i));
            }
        }
        workers.run(costs, work, (tile, scratch) -> attend(base, tiles.start(tile), tiles.rows(tile), scratch));
    }

    private float[][] normedInput(int from, int rows, Scratch scratch) {
        float[][] x = scratch.rows(Scratch.Use.INPUT, rows, architecture.hidden());
        for (int i = 0; i < rows; i++) {
            residual.read(from + i, x[i]);
            Numeric.rmsNorm(x[i], 0, architecture.hidden(), inputNorm, architecture.norm().epsilon(), x[i]);
        }
        return x;
    }

    private void keysAndValues(int base, int from, int rows, Scratch scratch) {
        float[][] x = normedInput(from, rows, scratch);
        float[][] k = project(weights.key(), x, rows, shape.keyWidth(), Scratch.Use.KEY, scratch);
        float[][] v = project(weights.value(), x, rows, shape.keyWidth(), Scratch.Use.VALUE, scratch);
        int headDim = shape.headDim();
        for (int i = 0; i < rows; i++) {
            turn(k[i], shape.kvHeads(), keyNorm, sequences.position(from + i));
            for (int head = 0; head < shape.kvHeads(); head++) {
                System.arraycopy(v[i], head * headDim, cache.values()[head][from - base + i], 0, headDim);
            }
        }
        for (int d = 0; d < shape.keyWidth(); d++) {
            for (int i = 0; i < rows; i++) {
                int column = from - base + i;
                cache.keys()[column / KeyValues.BLOCK][d][column % KeyValues.BLOCK] = k[i][d];
            }
        }
    }

    private void attend(int base, int from, int rows, Scratch scratch) {
        float[][] q = project(weights.query(), normedInput(from, rows, scratch), rows, shape.queryWidth(),
                Scratch.Use.QUERY, scratch);
        float[][] mixed = scratch.rows(Scratch.Use.MIXED, rows, shape.queryWidth());
        float scale = (float) (1 / Math.sqrt(shape.headDim()));
        for (int i = 0; i < rows; i++) {
            turn(q[i], shape.heads(), queryNorm, sequences.position(from + i));
            for (int d = 0; d < shape.queryWidth(); d++) {
                q[i][d] *= scale;
            }
        }
        for (int i = 0; i < rows;) {
            int block = blockOfOneSequence(from, i, rows);
            for (int head = 0; head < shape.heads(); head++) {
                mixHead(base, from, i, block, head, q, mixed, scratch);
            }
            i += block;
        }
        float[][] out = project(weights.output(), mixed, rows, architecture.hidden(), Scratch.Use.OUTPUT, scratch);
        float[] buffer = scratch.row(Scratch.Use.ROW, architecture.hidden());
        for (int i = 0; i < rows; i++) {
            residual.add(from + i, 1, out[i], buffer);
        }
    }

    /** How many rows from {@code i} on (at most a block) belong to the sequence of row {@code i}. */
    private int blockOfOneSequence(int from, int i, int rows) {
        int block = 1;
        while (block < QUERY_BLOCK && i + block < rows && sequences.position(from + i + block) > 0) {
            block++;
        }
        return block;
    }

    private static float[][] project(LayerWeights.Linear linear, float[][] x, int rows, int width, Scratch.Use use,
            Scratch scratch) {
        float[][] y = scratch.rows(use, rows, width);
        Projection.apply(linear.weight(), x, rows, y, 0, scratch);
        if (linear.bias().isPresent()) {
            float[] bias = linear.bias().get().toFloats();
            for (int i = 0; i < rows; i++) {
                for (int j = 0; j < width; j++) {
                    y[i][j] += bias[j];
                }
            }
        }
        return y;
    }

    private void turn(float[] x, int heads, float[] norm, int position) {
        for (int head = 0; head < heads; head++) {
            int at = head * shape.headDim();
            if (norm != null) {
                Numeric.rmsNorm(x, at, shape.headDim(), norm, architecture.norm().epsilon(), x);
            }
            rotary.rotate(x, at, position);
        }
    }

    /** Attention of one head for {@code block} consecutive queries of one sequence; columns are tokens from base on. */
    private void mixHead(int base, int from, int i, int block, int head, float[][] q, float[][] mixed,
            Scratch scratch) {
        int kvHead = head / (shape.heads() / shape.kvHeads());
        float[][] scores = scratch.rows(Scratch.Use.SCORES, QUERY_BLOCK, cache.capacity());
        int left = firstSeen(base, from + i);
        int right = from + i + block - base;
        for (int b = left / KeyValues.BLOCK; b * KeyValues.BLOCK < right; b++) {
            score(q, i, block, head, kvHead, b, Math.min(KeyValues.BLOCK, right - b * KeyValues.BLOCK), scores,
                    scratch);
        }
        for (int r = 0; r < block; r += 4) {
            mixValues(base, from + i + r, Math.min(4, block - r), r, scores, cache.values()[kvHead], mixed, i + r,
                    head * shape.headDim(), scratch);
        }
    }

    /** Scores of some queries against the first {@code width} keys of a block, into those columns. */
    private void score(float[][] q, int i, int rows, int head, int kvHead, int keyBlock, int width, float[][] scores,
            Scratch scratch) {
        int headDim = shape.headDim();
        float[][] tile = scratch.rows(Scratch.Use.SCORE_TILE, QUERY_BLOCK, KeyValues.BLOCK);
        for (int r = 0; r < rows; r++) {
            Arrays.fill(tile[r], 0, width, 0);
        }
        Kernel.multiply(q, i, rows, head * headDim, cache.keys()[keyBlock], kvHead * headDim, headDim, tile, 0, width);
        for (int r = 0; r < rows; r++) {
            System.arraycopy(tile[r], 0, scores[r], keyBlock * KeyValues.BLOCK, width);
        }
    }

    /** Weighs the values of up to four consecutive queries, each over exactly the columns it sees, in their order. */
    private void mixValues(int base, int token, int rows, int scoreRow, float[][] scores, float[][] values,
            float[][] mixed, int mixedRow, int at, Scratch scratch) {
        int headDim = shape.headDim();
        float[][] sums = scratch.rows(Scratch.Use.HEAD, 4, headDim);
        int common = firstSeen(base, token + rows - 1);
        int commonEnd = Math.max(common, token + 1 - base);
        float[] totals = scratch.row(Scratch.Use.ROW, 4);
        for (int r = 0; r < rows; r++) {
            float[] row = scores[scoreRow + r];
            int first = firstSeen(base, token + r);
            totals[r] = Numeric.exponentiate(row, first, token + r + 1 - base);
            Arrays.fill(sums[r], 0, headDim, 0);
            Kernel.multiply(scores, scoreRow + r, 1, first, values, first,
                    Math.min(common, token + r + 1 - base) - first,
                    sums, r, headDim);
        }
        Kernel.multiply(scores, scoreRow, rows, common, values, common, commonEnd - common, sums, 0, headDim);
        for (int r = 0; r < rows; r++) {
            int rest = Math.max(commonEnd, firstSeen(base, token + r));
            int end = token + r + 1 - base;
            Kernel.multiply(scores, scoreRow + r, 1, rest, values, rest, end - rest, sums, r, headDim);
            for (int d = 0; d < headDim; d++) {
                mixed[mixedRow + r][at + d] = sums[r][d] / totals[r];
            }
        }
    }

    /** The first column a token attends to. */
    private int firstSeen(int base, int token) {
        int position = sequences.position(token);
        int seen = shape.window() > 0 ? Math.min(shape.window(), position + 1) : position + 1;
        return token + 1 - seen - base;
    }
}
