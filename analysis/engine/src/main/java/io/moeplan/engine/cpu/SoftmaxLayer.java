package io.moeplan.engine.cpu;

import io.moeplan.engine.backend.Sequences;
import io.moeplan.engine.backend.Work;
import io.moeplan.engine.model.Architecture;
import io.moeplan.engine.model.Attention;
import io.moeplan.engine.model.Cost;
import java.util.Arrays;

/**
 * Softmax attention of one layer over a wave, some whole sequences and some heads at a time: first the keys and values of
 * all of them, then queries, scores and outputs, {@value #QUERY_BLOCK} queries at a time against the scores of one head, so
 * that memory grows with the length of a sequence, never with its square.
 */
final class SoftmaxLayer {
    /** Floats of keys and values held per token, unless one head has more. */
    private static final int HELD_FLOATS = 2048;
    private static final int QUERY_BLOCK = 16;

    private final Architecture architecture;
    private final Attention.Softmax shape;
    private final Heads heads;
    private final Norms inputNorm;
    private final Sequences sequences;
    private final OffHeapRows residual;
    private final OffHeapRows kept;
    private final Columns columns;
    private final int heldHeads;
    private final int queriesPerKey;

    /** @param kept room for what the heads keep of each token of the wave */
    SoftmaxLayer(Architecture architecture, Attention.Softmax shape, Heads heads, Norms inputNorm,
            Sequences sequences, OffHeapRows residual, OffHeapRows kept, Columns columns) {
        this.architecture = architecture;
        this.shape = shape;
        this.heads = heads;
        this.inputNorm = inputNorm;
        this.sequences = sequences;
        this.residual = residual;
        this.kept = kept;
        this.columns = columns;
        this.heldHeads = Math.min(heldHeads(shape), heads.kvHeads());
        this.queriesPerKey = shape.heads() / heads.kvHeads();
    }

    /** Key heads whose keys and values are held at once. */
    static int heldHeads(Attention.Softmax shape) {
        boolean together = shape instanceof Attention.GroupedQuery a && a.headNorm() == Attention.HeadNorm.WHOLE;
        return together
                ? shape.kvHeads()
                : Math.clamp(HELD_FLOATS / (shape.keyDim() + shape.valueDim()), 1, shape.kvHeads());
    }

    /** Adds this layer's attention to the residual of all sequences. */
    void run(Workers workers, Work work) {
        Tiles tiles = workers.tiles(0, sequences.tokens());
        workers.run(new long[tiles.count()], work,
                (tile, scratch) -> prepare(tiles.start(tile), tiles.rows(tile), scratch));
        int first = 0;
        while (first < sequences.count()) {
            int last = first + 1;
            int base = sequences.start(first);
            while (last < sequences.count() && sequences.start(last + 1) - base <= columns.together()) {
                last++;
            }
            for (int head = 0; head < heads.kvHeads(); head += heldHeads) {
                group(base, sequences.start(last), head, Math.min(heldHeads, heads.kvHeads() - head), workers, work);
            }
            first = last;
        }
    }

    private void prepare(int from, int rows, Scratch scratch) {
        float[][] x = scratch.rows(Scratch.Use.INPUT, rows, architecture.hidden());
        for (int i = 0; i < rows; i++) {
            residual.read(from + i, x[i]);
            inputNorm.apply(x[i]);
        }
        float[][] made = scratch.rows(Scratch.Use.KEPT, rows, heads.keptWidth());
        heads.prepare(x, rows, row -> sequences.position(from + row), made, scratch);
        for (int i = 0; i < rows; i++) {
            kept.write(from + i, made[i], heads.keptWidth());
        }
    }

    private void group(int base, int end, int head, int count, Workers workers, Work work) {
        Tiles tiles = workers.tiles(base, end);
        workers.run(share(tiles.costs(Cost.keysValues(architecture, shape)), count), work,
                (tile, scratch) -> keysAndValues(base, tiles.start(tile), tiles.rows(tile), head, count, scratch));
        long[] costs = new long[tiles.count()];
        for (int tile = 0; tile < costs.length; tile++) {
            for (int i = 0; i < tiles.rows(tile); i++) {
                costs[tile] += Cost.attend(architecture, shape, sequences.position(tiles.start(tile) + i));
            }
        }
        workers.run(share(costs, count), work,
                (tile, scratch) -> attend(base, tiles.start(tile), tiles.rows(tile), head, count, scratch));
    }

    private long[] share(long[] costs, int count) {
        return Arrays.stream(costs).map(cost -> cost * count / heads.kvHeads()).toArray();
    }

    private void keysAndValues(int base, int from, int rows, int head, int count, Scratch scratch) {
        float[][] k = scratch.rows(Scratch.Use.KEY, rows, count * heads.keyDim());
        float[][] v = scratch.rows(Scratch.Use.VALUE, rows, count * heads.valueDim());
        heads.keysValues(new Kept(kept, from, rows), row -> sequences.position(from + row), head, count, k, v, scratch);
        int place = columns.place(head);
        for (int i = 0; i < rows; i++) {
            KeyValues into = keyValues(from + i);
            int column = from + i - firstColumn(base, from + i);
            for (int h = 0; h < count; h++) {
                System.arraycopy(v[i], h * heads.valueDim(), into.values()[place + h][column], 0, heads.valueDim());
            }
            float[][] block = into.keys()[column / KeyValues.BLOCK];
            for (int d = 0; d < count * heads.keyDim(); d++) {
                block[place * heads.keyDim() + d][column % KeyValues.BLOCK] = k[i][d];
            }
        }
    }

    private void attend(int base, int from, int rows, int head, int count, Scratch scratch) {
        int firstQuery = head * queriesPerKey;
        int queries = count * queriesPerKey;
        Kept x = new Kept(kept, from, rows);
        float[][] q = scratch.rows(Scratch.Use.QUERY, rows, queries * heads.keyDim());
        heads.queries(x, row -> sequences.position(from + row), firstQuery, queries, q, scratch);
        float[][] mixed = scratch.rows(Scratch.Use.MIXED, rows, queries * heads.valueDim());
        for (int i = 0; i < rows;) {
            int block = blockOfOneSequence(from, i, rows);
            for (int query = 0; query < queries; query++) {
                mixHead(keyValues(from + i), firstColumn(base, from + i), from, i, block, query, columns.place(head),
                        heads.sink(firstQuery + query), q, mixed, scratch);
            }
            i += block;
        }
        float[][] out = scratch.rows(Scratch.Use.OUTPUT, rows, architecture.hidden());
        heads.output(x, mixed, firstQuery, queries, out, scratch);
        float[] buffer = scratch.row(Scratch.Use.ROW, architecture.hidden());
        for (int i = 0; i < rows; i++) {
            residual.add(from + i, architecture.scales().residual(), out[i], buffer);
        }
    }

    /** How many rows from {@code i} on (at most a block) belong to the sequence of row {@code i}. */
    private int blockOfOneSequence(int from, int i, int rows) {
        int block = 1;
        int end = sequences.start(sequences.sequenceOf(from + i) + 1);
        while (block < QUERY_BLOCK && i + block < rows && from + i + block < end) {
            block++;
        }
        return block;
    }

    /** Attention of one held head for {@code block} consecutive queries of one sequence; columns count from base. */
    private void mixHead(KeyValues cache, int base, int from, int i, int block, int query, int place, float sink,
            float[][] q, float[][] mixed, Scratch scratch) {
        int held = place + query / queriesPerKey;
        float[][] scores = scratch.rows(Scratch.Use.SCORES, QUERY_BLOCK, cache.capacity());
        int left = firstSeen(base, from + i);
        int right = from + i + block - base;
        for (int b = left / KeyValues.BLOCK; b * KeyValues.BLOCK < right; b++) {
            score(q, i, block, query, cache.keys()[b], held, b, Math.min(KeyValues.BLOCK, right - b * KeyValues.BLOCK),
                    scores,
                    scratch);
        }
        for (int r = 0; r < block; r += 4) {
            mixValues(base, from + i + r, Math.min(4, block - r), r, sink, scores, cache.values()[held], mixed, i + r,
                    query * heads.valueDim(), scratch);
        }
    }

    /** Scores of some queries against the first {@code width} keys of a block, into those columns. */
    private void score(float[][] q, int i, int rows, int query, float[][] keys, int held, int keyBlock, int width,
            float[][] scores, Scratch scratch) {
        int keyDim = heads.keyDim();
        float[][] tile = scratch.rows(Scratch.Use.SCORE_TILE, QUERY_BLOCK, KeyValues.BLOCK);
        for (int r = 0; r < rows; r++) {
            Arrays.fill(tile[r], 0, width, 0);
        }
        Kernel.multiply(q, i, rows, query * keyDim, keys, held * keyDim, keyDim, tile, 0, width);
        for (int r = 0; r < rows; r++) {
            System.arraycopy(tile[r], 0, scores[r], keyBlock * KeyValues.BLOCK, width);
        }
    }

    /** Weighs the values of up to four consecutive queries, each over exactly the columns it sees, in their order. */
    private void mixValues(int base, int token, int rows, int scoreRow, float sink, float[][] scores, float[][] values,
            float[][] mixed, int mixedRow, int at, Scratch scratch) {
        int width = heads.valueDim();
        float[][] sums = scratch.rows(Scratch.Use.HEAD, 4, width);
        int common = firstSeen(base, token + rows - 1);
        int commonEnd = Math.max(common, token + 1 - base);
        float[] totals = scratch.row(Scratch.Use.ROW, 4);
        for (int r = 0; r < rows; r++) {
            float[] row = scores[scoreRow + r];
            int first = firstSeen(base, token + r);
            totals[r] = Numeric.exponentiate(row, first, token + r + 1 - base, sink);
            Arrays.fill(sums[r], 0, width, 0);
            Kernel.multiply(scores, scoreRow + r, 1, first, values, first,
                    Math.max(0, Math.min(common, token + r + 1 - base) - first), sums, r, width);
        }
        Kernel.multiply(scores, scoreRow, rows, common, values, common, commonEnd - common, sums, 0, width);
        for (int r = 0; r < rows; r++) {
            int end = token + r + 1 - base;
            int rest = Math.max(commonEnd, firstSeen(base, token + r));
            if (common < end) {
                Kernel.multiply(scores, scoreRow + r, 1, rest, values, rest, end - rest, sums, r, width);
            }
            for (int d = 0; d < width; d++) {
                mixed[mixedRow + r][at + d] = sums[r][d] / totals[r];
            }
        }
    }

    private KeyValues keyValues(int token) {
        return columns.keyValues(sequences.sequenceOf(token));
    }

    /** The token whose keys and values are in column 0 (it may be before the wave). */
    private int firstColumn(int base, int token) {
        return columns.base(sequences.sequenceOf(token), base);
    }

    /** The first column a token attends to. */
    private int firstSeen(int base, int token) {
        int position = sequences.position(token);
        return token - base - (position - shape.span().first(position));
    }
}
