package io.moeplan.engine.cpu;

import io.moeplan.engine.backend.Sequences;
import io.moeplan.engine.backend.Work;
import io.moeplan.engine.gemm.Element;
import io.moeplan.engine.model.Architecture;
import io.moeplan.engine.model.Attention;
import io.moeplan.engine.model.Cost;
import java.util.Arrays;

/**
 * Softmax attention of one layer over a wave, some whole sequences and some heads at a time: first the keys and values of
 * all of them, then queries, their attention and outputs, so that memory grows with the length of a sequence, never with its
 * square.
 */
final class SoftmaxLayer {
    /** Numbers of keys and values held per token, unless one head has more. */
    private static final int HELD_NUMBERS = 2048;

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

    /** What is held of each token at once. */
    static KeyValues.Shape held(Attention.Softmax shape, Element element) {
        return new KeyValues.Shape(element, heldHeads(shape), shape.keyDim(), shape.valueDim());
    }

    private static int heldHeads(Attention.Softmax shape) {
        boolean together = shape instanceof Attention.GroupedQuery a && a.headNorm() == Attention.HeadNorm.WHOLE;
        return together
                ? shape.kvHeads()
                : Math.clamp(HELD_NUMBERS / (shape.keyDim() + shape.valueDim()), 1, shape.kvHeads());
    }

    /** Adds this layer's attention to the residual of all sequences. */
    void run(Workers workers, Work work) {
        Tiles tiles = workers.tiles(0, sequences.tokens());
        workers.run(new long[tiles.count()], work,
                (tile, scratch) -> prepare(tiles.start(tile), tiles.rows(tile), scratch));
        int first = 0;
        while (first < sequences.count()) {
            int last = first + 1;
            int blocks = blocks(first);
            while (last < sequences.count() && blocks + blocks(last) <= columns.together()) {
                blocks += blocks(last);
                last++;
            }
            for (int head = 0; head < heads.kvHeads(); head += heldHeads) {
                new Group(first, last, head, Math.min(heldHeads, heads.kvHeads() - head)).run(workers, work);
            }
            first = last;
        }
    }

    /** Blocks of keys and values that a sequence has with this wave. */
    private int blocks(int sequence) {
        return sequences.position(sequences.start(sequence + 1) - 1) / KeyValues.BLOCK + 1;
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

    /** Sequences {@code [first, last)} and {@code count} key heads from {@code head} on. */
    private final class Group {
        private final int first;
        private final int base;
        private final int end;
        private final int head;
        private final int count;
        /** Of each sequence, the block that it begins with. */
        private final int[] firstBlocks;

        Group(int first, int last, int head, int count) {
            this.first = first;
            this.head = head;
            this.count = count;
            base = sequences.start(first);
            end = sequences.start(last);
            firstBlocks = new int[last - first];
            int before = 0;
            for (int sequence = first; sequence < last; sequence++) {
                firstBlocks[sequence - first] = columns.first(before);
                before += blocks(sequence);
            }
        }

        void run(Workers workers, Work work) {
            Tiles tiles = workers.tiles(base, end);
            clear();
            workers.run(share(tiles.costs(Cost.keysValues(architecture, shape))), work,
                    (tile, scratch) -> keysAndValues(tiles.start(tile), tiles.rows(tile), scratch));
            long[] costs = new long[tiles.count()];
            for (int tile = 0; tile < costs.length; tile++) {
                for (int i = 0; i < tiles.rows(tile); i++) {
                    costs[tile] += Cost.attend(architecture, shape, sequences.position(tiles.start(tile) + i));
                }
            }
            workers.run(share(costs), work,
                    (tile, scratch) -> attend(tiles.start(tile), tiles.rows(tile), scratch));
        }

        private long[] share(long[] costs) {
            return Arrays.stream(costs).map(cost -> cost * count / heads.kvHeads()).toArray();
        }

        /** Where others' values may lie. */
        private void clear() {
            for (int sequence = first; sequence < first + firstBlocks.length; sequence++) {
                int position = sequences.position(sequences.start(sequence));
                for (int block = position / KeyValues.BLOCK; block < blocks(sequence); block++) {
                    columns.keyValues(sequence).clear(firstBlocks[sequence - first] + block,
                            Math.max(0, position - block * KeyValues.BLOCK));
                }
            }
        }

        private void keysAndValues(int from, int rows, Scratch scratch) {
            float[][] k = scratch.rows(Scratch.Use.KEY, rows, count * heads.keyDim());
            float[][] v = scratch.rows(Scratch.Use.VALUE, rows, count * heads.valueDim());
            heads.keysValues(new Kept(kept, from, rows), row -> sequences.position(from + row), head, count, k, v,
                    scratch);
            int place = columns.place(head);
            for (int i = 0; i < rows; i++) {
                int sequence = sequences.sequenceOf(from + i);
                int position = sequences.position(from + i);
                int block = firstBlocks[sequence - first] + position / KeyValues.BLOCK;
                for (int h = 0; h < count; h++) {
                    columns.keyValues(sequence).write(block, position % KeyValues.BLOCK, place + h, k[i],
                            h * heads.keyDim(), v[i], h * heads.valueDim());
                }
            }
        }

        private void attend(int from, int rows, Scratch scratch) {
            int firstQuery = head * queriesPerKey;
            int queries = count * queriesPerKey;
            Kept x = new Kept(kept, from, rows);
            float[][] q = scratch.rows(Scratch.Use.QUERY, rows, queries * heads.keyDim());
            heads.queries(x, row -> sequences.position(from + row), firstQuery, queries, q, scratch);
            float[][] mixed = scratch.rows(Scratch.Use.MIXED, rows, queries * heads.valueDim());
            for (int i = 0; i < rows;) {
                int sequence = sequences.sequenceOf(from + i);
                int together = Math.min(SoftmaxTile.rows(queriesPerKey),
                        Math.min(rows - i, sequences.start(sequence + 1) - from - i));
                SoftmaxTile tile = new SoftmaxTile(columns.keyValues(sequence), firstBlocks[sequence - first],
                        sequences.position(from + i), together, queriesPerKey, shape.span());
                for (int h = 0; h < count; h++) {
                    tile.mix(columns.place(head) + h, q, mixed, i, h * queriesPerKey, heads, firstQuery, scratch);
                }
                i += together;
            }
            float[][] outputs = heads.outputs(x, mixed, firstQuery, queries, scratch);
            int width = heads.output().weight().columns() / shape.heads();
            Projection.add(heads.output(), firstQuery * width, queries * width, outputs, rows,
                    architecture.scales().residual(), residual, from, scratch);
        }
    }
}
