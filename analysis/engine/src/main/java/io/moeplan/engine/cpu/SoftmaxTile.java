package io.moeplan.engine.cpu;

import io.moeplan.engine.gemm.Element;
import io.moeplan.engine.gemm.Gemm;
import io.moeplan.engine.gemm.Rows;
import io.moeplan.engine.model.Attention;
import java.util.Arrays;

/**
 * Attention of some consecutive queries of one sequence, block by block of its keys, with a running maximum and sum (Dao et
 * al. 2022, arXiv 2205.14135). All query heads of a key head are rows of the same product. Blocks that no query sees are
 * skipped, and in the others the rows that see nothing of them.
 *
 * <p>What a query is given depends on its own blocks alone, each a product of one shape, not on the queries beside it.
 *
 * @param keyValues  of the sequence, beginning in block {@code firstBlock}
 * @param position   of the first query
 * @param queries    how many
 * @param sharing    query heads of a key head
 */
record SoftmaxTile(KeyValues keyValues, int firstBlock, int position, int queries, int sharing, Attention.Span span) {
    /** Rows of a product that make packing a block of keys cheap and still leave the scores in a core's cache. */
    private static final int ROWS = 256;
    /** Rows beyond those of a product that it may be padded with. */
    private static final int PADDING = 32;

    /** Queries of a tile at most. */
    static int rows(int sharing) {
        return Math.max(1, ROWS / sharing);
    }

    /**
     * Sets what the query heads of one key head get.
     *
     * @param held       the key head among those held
     * @param q          {@code [rows][heads * keyDim]}, the tile's from row {@code row} on
     * @param mixed      {@code [rows][heads * valueDim]}, likewise
     * @param at         the first of the query heads in {@code q} and {@code mixed}
     * @param firstQuery the model's number of the first head in {@code q}
     */
    void mix(int held, float[][] q, float[][] mixed, int row, int at, Heads heads, int firstQuery, Scratch scratch) {
        Gemm gemm = scratch.arithmetic().exact();
        int rows = queries * sharing;
        Rows x = scratch.rows(Scratch.Native.QUERY, gemm, gemm.input(), rows + PADDING, heads.keyDim()).withRows(rows);
        float[] maxima = scratch.row(Scratch.Use.MAXIMA, rows);
        float[][] totals = scratch.rows(Scratch.Use.TOTALS, rows, KeyValues.BLOCK);
        float[][] sums = scratch.rows(Scratch.Use.SUMS, rows, heads.valueDim());
        for (int r = 0; r < rows; r++) {
            Projection.write(q[row + r / sharing], (at + r % sharing) * heads.keyDim(), x, r);
            maxima[r] = heads.sink(firstQuery + at + r % sharing);
            Arrays.fill(totals[r], 0, KeyValues.BLOCK, 0);
            totals[r][0] = maxima[r] == Float.NEGATIVE_INFINITY ? 0 : 1;
            Arrays.fill(sums[r], 0, heads.valueDim(), 0);
        }
        int last = (position + queries - 1) / KeyValues.BLOCK;
        for (int block = span.first(position) / KeyValues.BLOCK; block <= last; block++) {
            block(block, held, x, maxima, totals, sums, heads.valueDim(), gemm, scratch);
        }
        for (int r = 0; r < rows; r++) {
            divide(sums[r], sum(totals[r]), mixed[row + r / sharing], (at + r % sharing) * heads.valueDim(),
                    heads.valueDim());
        }
    }

    private void block(int block, int held, Rows x, float[] maxima, float[][] totals, float[][] sums, int valueDim,
            Gemm gemm, Scratch scratch) {
        int start = block * KeyValues.BLOCK;
        int from = Math.max(0, start - position);
        int to = queries;
        while (span.first(position + to - 1) >= start + KeyValues.BLOCK) {
            to--;
        }
        int rows = (to - from) * sharing;
        Rows scores = scratch.rows(Scratch.Native.RESULT, gemm, Element.F32, rows, KeyValues.BLOCK);
        gemm.multiply(keyValues.keys(firstBlock + block, held), x.slice(from * sharing, rows), scores);
        Rows shares = scratch.rows(Scratch.Native.FACTOR, gemm, gemm.input(), rows, KeyValues.BLOCK);
        float[] row = scratch.row(Scratch.Use.SCORES, KeyValues.BLOCK);
        for (int i = 0; i < rows; i++) {
            int r = from * sharing + i;
            int seen = position + from + i / sharing;
            Projection.read(scores, i, row);
            int first = Math.max(0, span.first(seen) - start);
            int end = Math.min(KeyValues.BLOCK, seen + 1 - start);
            if (keyValues.isBroken(firstBlock + block, first, end)) {
                totals[r][0] = Float.NaN;
            }
            share(row, first, end, maxima, r,
                    totals[r], sums[r], valueDim, scratch.exponentials());
            Projection.write(row, 0, shares, i);
        }
        Rows mixed = scratch.rows(Scratch.Native.RESULT, gemm, Element.F32, rows, valueDim);
        gemm.multiply(keyValues.values(firstBlock + block, held), shares, mixed);
        float[] added = scratch.row(Scratch.Use.HEAD, valueDim);
        for (int i = 0; i < rows; i++) {
            Projection.read(mixed, i, added);
            add(added, sums[from * sharing + i], valueDim);
        }
    }

    /** Replaces scores by shares, zero outside {@code [from, to)}, and brings a row's maximum, total and sums up to date. */
    private static void share(float[] row, int from, int to, float[] maxima, int r, float[] total, float[] sum,
            int width, Exponentials exponentials) {
        float max = maxima[r];
        for (int c = from; c < to; c++) {
            max = row[c] > max ? row[c] : max;
        }
        if (max > maxima[r]) {
            // before the first block there is nothing to scale
            if (maxima[r] > Float.NEGATIVE_INFINITY) {
                float factor = Numeric.exp(maxima[r] - max);
                scale(total, factor, KeyValues.BLOCK);
                scale(sum, factor, width);
            }
            maxima[r] = max;
        }
        exponentials.ofDifferences(row, max, to);
        Arrays.fill(row, 0, from, 0);
        Arrays.fill(row, to, KeyValues.BLOCK, 0);
        add(row, total, to);
    }

    private static void divide(float[] x, float by, float[] into, int at, int count) {
        for (int i = 0; i < count; i++) {
            into[at + i] = x[i] / by;
        }
    }

    private static void scale(float[] x, float factor, int count) {
        for (int i = 0; i < count; i++) {
            x[i] *= factor;
        }
    }

    private static void add(float[] x, float[] into, int count) {
        for (int i = 0; i < count; i++) {
            into[i] += x[i];
        }
    }

    private static float sum(float[] x) {
        float s0 = 0;
        float s1 = 0;
        float s2 = 0;
        float s3 = 0;
        for (int i = 0; i < KeyValues.BLOCK; i += 4) {
            s0 += x[i];
            s1 += x[i + 1];
            s2 += x[i + 2];
            s3 += x[i + 3];
        }
        return s0 + s1 + (s2 + s3);
    }
}
