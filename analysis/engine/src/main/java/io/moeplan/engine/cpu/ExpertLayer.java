package io.moeplan.engine.cpu;

import io.moeplan.engine.backend.Work;
import io.moeplan.engine.model.Architecture;
import io.moeplan.engine.model.Cost;
import io.moeplan.engine.model.FeedForward;
import io.moeplan.engine.model.LayerWeights;
import io.moeplan.tensors.matrix.Matrix;
import java.util.List;
import java.util.Optional;

/**
 * The experts of one layer over a wave. Threads share out the experts of a batch, outputs go to a buffer; then they share
 * out the tokens and add to each its experts' outputs in ascending order, so sums do not depend on the threads.
 */
final class ExpertLayer {
    private static final int MIN_TILE_ROWS = 64;

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
     * @param outputs the buffer, {@code [pairs of a batch][hidden]}
     */
    void run(int first, List<LayerWeights.Mlp> experts, float[][] outputs, Workers workers, Work work) {
        int even = Math.max(MIN_TILE_ROWS, outputs.length / (4 * workers.threads()));
        int tileRows = Math.min(Math.min(workers.tileRows(), even), outputs.length);
        for (List<ExpertGroups.Tile> batch : groups.batches(first, first + experts.size(), tileRows, outputs.length)) {
            int base = batch.getFirst().from();
            long[] costs = batch.stream().mapToLong(tile -> tile.rows() * Cost.mlp(architecture, shape.width()))
                    .toArray();
            workers.run(costs, work, (i, scratch) -> {
                ExpertGroups.Tile tile = batch.get(i);
                compute(tile, experts.get(tile.expert() - first), base, outputs, scratch);
            });
            Tiles ranges = workers.tiles(0, tokens);
            workers.run(new long[ranges.count()], work, (range, scratch) -> {
                int from = ranges.start(range);
                add(batch, base, outputs, from, from + ranges.rows(range), scratch);
            });
        }
    }

    private void compute(ExpertGroups.Tile tile, LayerWeights.Mlp expert, int base, float[][] outputs,
            Scratch scratch) {
        float[][] x = scratch.rows(Scratch.Use.INPUT, tile.rows(), architecture.hidden());
        for (int i = 0; i < tile.rows(); i++) {
            normed.read(groups.tokens()[tile.from() + i], x[i], architecture.hidden());
            if (shape.scalesInput()) {
                float weight = groups.weights()[tile.from() + i];
                for (int d = 0; d < architecture.hidden(); d++) {
                    x[i][d] *= weight;
                }
            }
        }
        GatedMlp.apply(expert, shape.activation(), x, tile.rows(), outputs, tile.from() - base, scratch);
    }

    private void add(List<ExpertGroups.Tile> batch, int base, float[][] outputs, int from, int to, Scratch scratch) {
        float[] buffer = scratch.row(Scratch.Use.ROW, architecture.hidden());
        float scale = architecture.scales().residual();
        for (ExpertGroups.Tile tile : batch) {
            int end = groups.firstFrom(tile, to);
            for (int pair = groups.firstFrom(tile, from); pair < end; pair++) {
                float weight = shape.scalesInput() ? scale : scale * groups.weights()[pair];
                residual.add(groups.tokens()[pair], weight, outputs[pair - base], buffer);
            }
        }
    }

    /** The MLP that every token passes beside its experts. */
    void shared(LayerWeights.Mlp mlp, Optional<Matrix> gate, Workers workers, Work work) {
        Tiles tiles = workers.tiles(0, tokens);
        long[] costs = tiles.costs(Cost.mlp(architecture, mlp.gate().weight().rows()));
        workers.run(costs, work, (tile, scratch) -> {
            int from = tiles.start(tile);
            int rows = tiles.rows(tile);
            float[][] x = scratch.rows(Scratch.Use.INPUT, rows, architecture.hidden());
            for (int i = 0; i < rows; i++) {
                normed.read(from + i, x[i], architecture.hidden());
            }
            float[][] out = scratch.rows(Scratch.Use.OUTPUT, rows, architecture.hidden());
            GatedMlp.apply(mlp, FeedForward.Activation.SILU, x, rows, out, 0, scratch);
            float[][] gates = scratch.rows(Scratch.Use.LOGITS, rows, 1);
            if (gate.isPresent()) {
                Projection.apply(gate.get(), Projection.Part.all(gate.get()), x, 0, rows, gates, 0, scratch);
            }
            float[] buffer = scratch.row(Scratch.Use.ROW, architecture.hidden());
            for (int i = 0; i < rows; i++) {
                float share = gate.isPresent() ? Numeric.sigmoid(gates[i][0]) : 1;
                residual.add(from + i, architecture.scales().residual() * share, out[i], buffer);
            }
        });
    }
}
