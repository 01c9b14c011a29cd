package io.moeplan.engine.cpu;

import io.moeplan.engine.backend.Work;
import io.moeplan.engine.gemm.Element;
import io.moeplan.engine.gemm.Gemm;
import io.moeplan.engine.gemm.Part;
import io.moeplan.engine.gemm.Rows;
import io.moeplan.engine.model.Architecture;
import io.moeplan.engine.model.Cost;
import io.moeplan.engine.model.FeedForward;
import io.moeplan.engine.model.LayerWeights;
import io.moeplan.tensors.matrix.Matrix;
import java.util.List;
import java.util.Optional;

/**
 * The experts of one layer over a wave. Threads share out the experts of a batch, or, where weights have to be decoded, the
 * outputs of one expert after the other ({@link SharedMlp}); outputs go to a buffer. Then threads share out the tokens and add
 * to each its experts' outputs in ascending order, so sums do not depend on the threads.
 */
final class ExpertLayer {
    private static final int MIN_TILE_ROWS = 64;
    /** Rows that a tile is padded with at most. */
    private static final int ROOM = 128;

    private final Architecture architecture;
    private final FeedForward.Sparse shape;
    private final ExpertGroups groups;
    private final OffHeapRows normed;
    private final OffHeapRows residual;
    private final int tokens;

    ExpertLayer(Architecture architecture, FeedForward.Sparse shape, ExpertGroups groups, OffHeapRows normed,
            OffHeapRows residual, int tokens) {
        this.architecture = architecture;
        this.shape = shape;
        this.groups = groups;
        this.normed = normed;
        this.residual = residual;
        this.tokens = tokens;
    }

    /**
     * Some consecutive experts.
     *
     * @param experts the first of them is expert {@code first}
     * @param outputs the buffer, {@code [outputs of a batch][hidden]}
     */
    void run(int first, List<LayerWeights.Mlp> experts, Rows outputs, Workers workers, Work work) {
        Gemm gemm = workers.own().arithmetic().fast();
        int even = Math.max(MIN_TILE_ROWS, outputs.rows() / (4 * workers.threads()));
        int tileRows = Math.min(workers.tileRows(), even);
        boolean few = experts.size() < 2 * workers.threads();
        boolean decodes = SharedMlp.can(experts.getFirst(), gemm, workers.threads());
        // Threads share an expert where they would decode its weights several times, or have too few to take one each.
        int alone = !decodes ? Integer.MAX_VALUE : few ? 0 : tileRows;
        int sharedRows = sharedRows(workers, outputs);
        // Where few experts are in memory at a time, threads have to share each of them evenly.
        int multiple = few ? workers.threads() : 1;
        for (List<ExpertGroups.Tile> batch : groups.batches(first, first + experts.size(),
                pairs -> pairs > alone
                        ? ExpertGroups.evenRows(pairs, sharedRows, 1)
                        : ExpertGroups.evenRows(pairs, tileRows, multiple),
                outputs.rows(), gemm::room)) {
            for (ExpertGroups.Tile tile : batch) {
                if (groups.pairs(tile.expert()) > alone) {
                    computeTogether(tile, experts.get(tile.expert() - first), output(tile, outputs, gemm), workers,
                            work);
                }
            }
            List<ExpertGroups.Tile> single = batch.stream().filter(tile -> groups.pairs(tile.expert()) <= alone)
                    .toList();
            long[] costs = single.stream().mapToLong(tile -> tile.rows() * Cost.mlp(architecture, shape.width()))
                    .toArray();
            workers.run(costs, work, (i, scratch) -> {
                ExpertGroups.Tile tile = single.get(i);
                compute(tile, experts.get(tile.expert() - first), output(tile, outputs, gemm), scratch);
            });
            Tiles ranges = workers.tiles(0, tokens);
            int firstPair = batch.getFirst().from();
            int[] places = ExpertGroups.places(batch);
            workers.run(new long[ranges.count()], work, (range, scratch) -> {
                int from = ranges.start(range);
                for (int token = from; token < from + ranges.rows(range); token++) {
                    add(token, firstPair, places, outputs, scratch);
                }
            });
        }
    }

    /** Rows that threads work on together, at most: the outputs need room for them. */
    private static int sharedRows(Workers workers, Rows outputs) {
        return Math.min(workers.sharedRows(), Math.max(MIN_TILE_ROWS, outputs.rows() - ROOM));
    }

    private static Rows output(ExpertGroups.Tile tile, Rows outputs, Gemm gemm) {
        return outputs.slice(tile.place(), gemm.room(tile.rows())).withRows(tile.rows());
    }

    private void compute(ExpertGroups.Tile tile, LayerWeights.Mlp expert, Rows output, Scratch scratch) {
        Gemm gemm = scratch.arithmetic().fast();
        Rows x = scratch.rows(Scratch.Native.INPUT, gemm, gemm.input(), tile.rows(), architecture.hidden());
        gather(tile, x, 0, tile.rows(), scratch);
        GatedMlp.apply(expert, shape.activation(), x, output, scratch);
    }

    private void computeTogether(ExpertGroups.Tile tile, LayerWeights.Mlp expert, Rows output, Workers workers,
            Work work) {
        Scratch shared = workers.own();
        Gemm gemm = shared.arithmetic().fast();
        Rows x = shared.rows(Scratch.Native.INPUT, gemm, gemm.input(), tile.rows(), architecture.hidden());
        Tiles ranges = workers.tiles(0, tile.rows());
        workers.run(new long[ranges.count()], work,
                (range, scratch) -> gather(tile, x, ranges.start(range), ranges.rows(range), scratch));
        SharedMlp.apply(expert, shape.activation(), x, output, workers, work, shared);
    }

    /** Copies the inputs of {@code count} of a tile's pairs, from number {@code from} of them on, to their rows. */
    private void gather(ExpertGroups.Tile tile, Rows x, int from, int count, Scratch scratch) {
        if (shape.scalesInput()) {
            scaled(tile, x, from, count, scratch);
        } else {
            normed.gather(groups.tokens(), tile.from() + from, x.slice(from, count));
        }
    }

    private void scaled(ExpertGroups.Tile tile, Rows into, int from, int count, Scratch scratch) {
        float[] row = scratch.row(Scratch.Use.ROW, into.width());
        for (int i = from; i < from + count; i++) {
            float weight = groups.weights()[tile.from() + i];
            normed.read(groups.tokens()[tile.from() + i], row, into.width());
            for (int d = 0; d < into.width(); d++) {
                row[d] *= weight;
            }
            Projection.write(row, 0, into, i);
        }
    }

    /** Adds to a token's residual what its experts gave it, as far as it is in the buffer. */
    private void add(int token, int firstPair, int[] places, Rows outputs, Scratch scratch) {
        float[] sum = scratch.row(Scratch.Use.ROW, architecture.hidden());
        float[] output = scratch.row(Scratch.Use.HEAD, architecture.hidden());
        float scale = architecture.scales().residual();
        residual.read(token, sum);
        for (int k = 0; k < groups.topK(); k++) {
            int pair = groups.ofToken()[token * groups.topK() + k];
            if (pair >= firstPair && pair < firstPair + places.length) {
                Projection.read(outputs, places[pair - firstPair], output);
                add(output, shape.scalesInput() ? scale : scale * groups.weights()[pair], sum, architecture.hidden());
            }
        }
        residual.write(token, sum);
    }

    private static void add(float[] x, float factor, float[] into, int count) {
        for (int i = 0; i < count; i++) {
            into[i] = Math.fma(factor, x[i], into[i]);
        }
    }

    /**
     * The MLP that every token passes beside its experts.
     *
     * @param outputs the buffer, {@code [outputs of a batch][hidden]}
     */
    void shared(LayerWeights.Mlp mlp, Optional<Matrix> gate, Rows outputs, Workers workers, Work work) {
        Gemm gemm = workers.own().arithmetic().fast();
        int hidden = architecture.hidden();
        if (SharedMlp.can(mlp, gemm, workers.threads())) {
            int step = sharedRows(workers, outputs);
            for (int from = 0; from < tokens; from += step) {
                int first = from;
                int rows = Math.min(step, tokens - from);
                Rows x = normed.rows(from, rows, 0, hidden);
                Rows out = outputs.slice(0, gemm.room(rows)).withRows(rows);
                SharedMlp.apply(mlp, FeedForward.Activation.SILU, x, out, workers, work, workers.own());
                Tiles ranges = workers.tiles(0, rows);
                workers.run(new long[ranges.count()], work, (range, scratch) -> addShared(x, gate, out, first,
                        ranges.start(range), ranges.rows(range), scratch));
            }
            return;
        }
        Tiles tiles = workers.tiles(0, tokens);
        long[] costs = tiles.costs(Cost.mlp(architecture, mlp.gate().weight().rows()));
        workers.run(costs, work, (tile, scratch) -> {
            int from = tiles.start(tile);
            int rows = tiles.rows(tile);
            Rows x = normed.rows(from, rows, 0, hidden);
            Rows out = scratch.rows(Scratch.Native.OUTPUT, gemm, Element.F32, rows, hidden);
            GatedMlp.apply(mlp, FeedForward.Activation.SILU, x, out, scratch);
            addShared(x, gate, out, from, 0, rows, scratch);
        });
    }

    /**
     * Adds {@code count} rows of outputs from {@code from} on to their tokens.
     *
     * @param x     the inputs, in rows like {@code out}
     * @param first the token of the first row of {@code out}
     */
    private void addShared(Rows x, Optional<Matrix> gate, Rows out, int first, int from, int count, Scratch scratch) {
        float[][] gates = scratch.rows(Scratch.Use.LOGITS, count, 1);
        if (gate.isPresent()) {
            Projection.apply(gate.get(), Part.all(gate.get()), x.slice(from, count), gates, 0, scratch);
        }
        float[] buffer = scratch.row(Scratch.Use.ROW, architecture.hidden());
        float[] output = scratch.row(Scratch.Use.HEAD, architecture.hidden());
        for (int i = 0; i < count; i++) {
            float share = gate.isPresent() ? Numeric.sigmoid(gates[i][0]) : 1;
            Projection.read(out, from + i, output);
            residual.add(first + from + i, architecture.scales().residual() * share, output, buffer);
        }
    }
}
