package io.moeplan.engine.cpu;

import io.moeplan.engine.backend.Work;
import io.moeplan.engine.model.Architecture;
import io.moeplan.engine.model.Cost;
import io.moeplan.engine.model.LayerWeights;
import java.util.List;

/**
 * The experts of one layer over a wave. Threads share out the experts of a batch, outputs go to a buffer; then they share
 * out the tokens and add to each its experts' outputs in ascending order, so sums do not depend on the threads.
 */
final class ExpertLayer {
    private final Architecture architecture;
    private final List<LayerWeights.Mlp> experts;
    private final int width;
    private final ExpertGroups groups;
    private final OffHeapRows normed;
    private final OffHeapRows residual;
    private final int tokens;

    /** @param width the inner width of an expert */
    ExpertLayer(Architecture architecture, List<LayerWeights.Mlp> experts, int width, ExpertGroups groups,
            OffHeapRows normed, OffHeapRows residual, int tokens) {
        this.architecture = architecture;
        this.experts = experts;
        this.width = width;
        this.groups = groups;
        this.normed = normed;
        this.residual = residual;
        this.tokens = tokens;
    }

    /** @param outputs the buffer, {@code [pairs of a batch][hidden]} */
    void run(float[][] outputs, Workers workers, Work work) {
        int tileRows = Math.min(Projection.MAX_ROWS, outputs.length);
        for (List<ExpertGroups.Tile> batch : groups.batches(tileRows, outputs.length)) {
            int base = batch.getFirst().from();
            long[] costs = batch.stream().mapToLong(tile -> tile.rows() * Cost.mlp(architecture, width)).toArray();
            workers.run(costs, work, (i, scratch) -> compute(batch.get(i), base, outputs, scratch));
            Tiles ranges = Tiles.of(0, tokens, workers.threads());
            workers.run(new long[ranges.count()], work, (range, scratch) -> {
                int from = ranges.start(range);
                add(batch, base, outputs, from, from + ranges.rows(range), scratch);
            });
        }
    }

    private void compute(ExpertGroups.Tile tile, int base, float[][] outputs, Scratch scratch) {
        float[][] x = scratch.rows(Scratch.Use.INPUT, tile.rows(), architecture.hidden());
        for (int i = 0; i < tile.rows(); i++) {
            normed.read(groups.tokens()[tile.from() + i], x[i]);
        }
        GatedMlp.apply(experts.get(tile.expert()), x, tile.rows(), outputs, tile.from() - base, scratch);
    }

    private void add(List<ExpertGroups.Tile> batch, int base, float[][] outputs, int from, int to, Scratch scratch) {
        float[] buffer = scratch.row(Scratch.Use.ROW, architecture.hidden());
        for (ExpertGroups.Tile tile : batch) {
            int end = groups.firstFrom(tile, to);
            for (int pair = groups.firstFrom(tile, from); pair < end; pair++) {
                residual.add(groups.tokens()[pair], groups.weights()[pair], outputs[pair - base], buffer);
            }
        }
    }
}
