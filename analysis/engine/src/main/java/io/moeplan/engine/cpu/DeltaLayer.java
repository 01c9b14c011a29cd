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

/**
 * Gated DeltaNet of one layer over a wave, some whole sequences and some key heads at a time: projections of all tokens, then
 * every head's walk along its sequence ({@link DeltaHeads}), then the output projection.
 */
final class DeltaLayer {
    /** Floats held per token, unless one key head has more. */
    private static final int HELD_FLOATS = 4096;

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
    private final DeltaHeads heads;

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
        heads = new DeltaHeads(shape, weights, architecture.norm().epsilon());
    }

    /** Floats held per token. */
    static int heldWidth(Attention.GatedDelta shape) {
        return heldHeads(shape) * (DeltaHeads.mixedWidth(shape) + DeltaHeads.ratesWidth(shape));
    }

    private static int heldHeads(Attention.GatedDelta shape) {
        return Math.clamp(HELD_FLOATS / DeltaHeads.mixedWidth(shape), 1, shape.keyHeads());
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
        private final int count;
        private final DeltaHeads.Projected projected;

        Group(int first, int last, int head, int count) {
            this.first = first;
            this.last = last;
            this.head = head;
            this.count = count;
            base = sequences.start(first);
            end = sequences.start(last);
            projected = new DeltaHeads.Projected(head, new float[end - base][count * DeltaHeads.mixedWidth(shape)],
                    new float[end - base][count * DeltaHeads.ratesWidth(shape)]);
        }

        void run(Workers workers, Work work) {
            Tiles tiles = workers.tiles(base, end);
            long[] costs = tiles.costs(Cost.keysValues(architecture, shape) * count / shape.keyHeads());
            workers.run(costs, work, (tile, scratch) -> project(tiles.start(tile), tiles.rows(tile), scratch));
            long step = Cost.attend(architecture, shape, 0) * count / shape.keyHeads();
            long[] walks = new long[(last - first) * count];
            for (int walk = 0; walk < walks.length; walk++) {
                int sequence = first + walk / count;
                walks[walk] = (sequences.start(sequence + 1) - sequences.start(sequence)) * step / count;
            }
            workers.run(walks, work, (walk, scratch) -> walk(first + walk / count, walk % count, scratch));
            workers.run(new long[tiles.count()], work,
                    (tile, scratch) -> output(tiles.start(tile), tiles.rows(tile), scratch));
        }

        private void project(int from, int rows, Scratch scratch) {
            Rows x = kept.rows(from, rows, 0, architecture.hidden());
            Matrix all = weights.mixed().weight();
            int width = DeltaHeads.mixedWidth(shape);
            Projection.apply(all, Part.rows(all, head * width, count * width), x, projected.mixed(), from - base,
                    scratch);
            Matrix both = weights.rates().weight();
            int rates = DeltaHeads.ratesWidth(shape);
            Projection.apply(both, Part.rows(both, head * rates, count * rates), x, projected.rates(), from - base,
                    scratch);
        }

        private void walk(int sequence, int held, Scratch scratch) {
            int start = sequences.start(sequence);
            int tokens = sequences.start(sequence + 1) - start;
            heads.walk(projected, held, start - base, tokens, past == null ? null : past[sequence], scratch);
        }

        private void output(int from, int rows, Scratch scratch) {
            int ratio = shape.valueHeads() / shape.keyHeads();
            int width = count * ratio * shape.valueDim();
            float[][] gated = scratch.rows(Scratch.Use.MIXED, rows, width);
            for (int i = 0; i < rows; i++) {
                heads.gate(projected.mixed()[from - base + i], count, gated[i]);
            }
            float[][] out = scratch.rows(Scratch.Use.OUTPUT, rows, architecture.hidden());
            Projection.apply(weights.output().weight(),
                    Part.columns(weights.output().weight(), head * ratio * shape.valueDim(), width), gated, 0, rows,
                    out, 0, scratch);
            float[] buffer = scratch.row(Scratch.Use.ROW, architecture.hidden());
            for (int i = 0; i < rows; i++) {
                residual.add(from + i, architecture.scales().residual(), out[i], buffer);
            }
        }
    }
}
