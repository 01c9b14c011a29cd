package io.moeplan.engine.cuda;

import io.moeplan.engine.cuda.driver.Launcher;
import io.moeplan.engine.cuda.driver.NumberType;
import io.moeplan.engine.cuda.weights.Piece;
import io.moeplan.engine.cuda.weights.Vectors;
import io.moeplan.engine.cuda.weights.Vectors.Name;
import io.moeplan.engine.model.Attention;

/** Gated DeltaNet over whole sequences: adds its output to their residual stream. */
final class DeltaNet {
    private static final int WARPS = 4;

    private final Operations operations;
    private final Vectors vectors;

    DeltaNet(Operations operations, Vectors vectors) {
        this.operations = operations;
        this.vectors = vectors;
    }

    /**
     * One layer of normed tokens.
     *
     * @param weights address of the piece's unpacked weights
     */
    void run(int layer, Attention.GatedDelta a, Piece piece, long weights, Tokens tokens) {
        Launcher launcher = operations.launcher();
        int rows = tokens.count();
        int width = 2 * a.keyWidth() + 2 * a.valueWidth();
        int channels = 2 * a.keyWidth() + a.valueWidth();
        int values = a.valueWidth() / a.keyHeads();
        long mixed = operations.take((long) rows * width);
        long rates = operations.scratch().take(4L * rows * 2 * a.valueHeads());
        long convolved = operations.scratch().take(4L * rows * channels);
        long out = operations.take((long) rows * a.valueWidth());
        operations.project(tokens.normed(), weights + piece.group(0), mixed, rows, width, operations.hidden());
        operations.project(tokens.normed(), operations.hidden(), weights + piece.group(1), rates,
                NumberType.FP32, rows, 2 * a.valueHeads(), operations.hidden());
        launcher.rows("delta_convolve", "delta_convolve", rows, 256, mixed, (long) width,
                vectors.of(layer, Name.CONVOLUTION), convolved, a.keyHeads(), a.keyDim(), values, a.taps(),
                tokens.positions());
        launcher.grid(launcher.kernel("delta_walk", "delta_walk"), tokens.sequences(), a.valueHeads(),
                Math.ceilDiv(a.valueDim(), 32) * 32, 4 * a.keyDim() * (a.valueDim() + 2), convolved, rates,
                vectors.of(layer, Name.DECAY), vectors.of(layer, Name.DECAY_BIAS), tokens.starts(), a.keyHeads(),
                a.valueHeads(), a.keyDim(), a.valueDim());
        launcher.grid(launcher.kernel("delta_gate", "delta_gate"),
                Math.toIntExact(Math.ceilDiv((long) rows * a.valueHeads(), WARPS)), 1, 32 * WARPS, 0, convolved,
                mixed, (long) width, vectors.of(layer, Name.DELTA_NORM), out, rows, a.keyHeads(), a.valueHeads(),
                a.keyDim(), a.valueDim(), (float) operations.norm().epsilon());
        operations.projectOnto(tokens.residual(), out, weights + piece.group(2), rows, a.valueWidth());
    }
}
