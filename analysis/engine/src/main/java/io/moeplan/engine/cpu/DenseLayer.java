package io.moeplan.engine.cpu;

import io.moeplan.engine.backend.Work;
import io.moeplan.engine.gemm.Element;
import io.moeplan.engine.gemm.Gemm;
import io.moeplan.engine.gemm.Rows;
import io.moeplan.engine.model.Architecture;
import io.moeplan.engine.model.Cost;
import io.moeplan.engine.model.FeedForward;
import io.moeplan.engine.model.LayerWeights;

/** The feed-forward block of one layer that does not route, over a wave. */
final class DenseLayer {
    private final Architecture architecture;
    private final FeedForward.Dense shape;
    private final Norms norm;
    private final OffHeapRows residual;
    private final int tokens;

    /** @param residual {@code [tokens][hidden]} */
    DenseLayer(Architecture architecture, FeedForward.Dense shape, Norms norm, OffHeapRows residual, int tokens) {
        this.architecture = architecture;
        this.shape = shape;
        this.norm = norm;
        this.residual = residual;
        this.tokens = tokens;
    }

    /** Adds this layer's output to the residual of all tokens. */
    void run(LayerWeights.Mlp mlp, Workers workers, Work work) {
        Tiles tiles = workers.tiles(0, tokens);
        workers.run(tiles.costs(Cost.mlp(architecture, shape.width())), work,
                (tile, scratch) -> apply(mlp, tiles.start(tile), tiles.rows(tile), scratch));
    }

    private void apply(LayerWeights.Mlp mlp, int from, int rows, Scratch scratch) {
        Gemm gemm = scratch.arithmetic().fast();
        Rows x = scratch.rows(Scratch.Native.INPUT, gemm, gemm.input(), rows, architecture.hidden());
        float[] row = scratch.row(Scratch.Use.HEAD, architecture.hidden());
        for (int i = 0; i < rows; i++) {
            residual.read(from + i, row);
            norm.apply(row);
            Projection.write(row, 0, x, i);
        }
        Rows out = scratch.rows(Scratch.Native.OUTPUT, gemm, Element.F32, rows, architecture.hidden());
        GatedMlp.apply(mlp, shape.activation(), x, out, scratch);
        float[] buffer = scratch.row(Scratch.Use.ROW, architecture.hidden());
        for (int i = 0; i < rows; i++) {
            Projection.read(out, i, row);
            residual.add(from + i, architecture.scales().residual(), row, buffer);
        }
    }
}
