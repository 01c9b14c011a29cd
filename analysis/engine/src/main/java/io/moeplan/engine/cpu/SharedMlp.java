package io.moeplan.engine.cpu;

import io.moeplan.engine.backend.Work;
import io.moeplan.engine.gemm.Element;
import io.moeplan.engine.gemm.Gemm;
import io.moeplan.engine.gemm.Part;
import io.moeplan.engine.gemm.Rows;
import io.moeplan.engine.model.FeedForward;
import io.moeplan.engine.model.LayerWeights;
import io.moeplan.tensors.matrix.Matrix;
import java.util.Arrays;
import java.util.List;

/**
 * An MLP whose weights have to be decoded, over rows that all threads work on together: each decodes some of the outputs'
 * weights and multiplies all rows with them. So every weight is decoded once for all rows, and threads stay busy where few
 * experts are in memory at a time. The results are {@link GatedMlp}'s, bit for bit.
 */
final class SharedMlp {
    /** Rows beyond which decoding costs little beside multiplying. */
    private static final int ENOUGH_ROWS = 4096;
    private static final int FEWEST_ROWS = 64;

    private SharedMlp() {}

    /** Rows that memory allows at a time. */
    static int rows(long bytes, int hidden, int width) {
        return Math.clamp(bytes / rowBytes(hidden, width), FEWEST_ROWS, ENOUGH_ROWS);
    }

    /** Bytes of a row: inputs, gates, ups, and what they make together. */
    static long rowBytes(int hidden, int width) {
        return 4L * hidden + 12L * width;
    }

    /** Whether all of its weights are decoded in every product, in enough parts to keep the threads busy. */
    static boolean can(LayerWeights.Mlp mlp, Gemm gemm, int threads) {
        return mlp.matrices().stream().allMatch(weight -> gemm.decodedTogether(weight) > 0)
                && 2 * parts(mlp.gate().weight(), gemm).count() >= threads;
    }

    private static Tiles parts(Matrix weight, Gemm gemm) {
        return new Tiles(0, weight.rows(), gemm.decodedTogether(weight));
    }

    /**
     * Sets {@code y}.
     *
     * @param x      {@code [rows][hidden]} of the type that products take, outside the heap
     * @param y      {@code [rows][hidden]}, float32
     * @param shared what the calling thread has no other use for meanwhile
     */
    static void apply(LayerWeights.Mlp mlp, FeedForward.Activation activation, Rows x, Rows y, Workers workers,
            Work work, Scratch shared) {
        Gemm gemm = shared.arithmetic().fast();
        int width = mlp.gate().weight().rows();
        Rows gates = shared.rows(Scratch.Native.GATE, gemm, Element.F32, x.rows(), width);
        Rows ups = shared.rows(Scratch.Native.UP, gemm, Element.F32, x.rows(), width);
        Rows inner = shared.rows(Scratch.Native.FACTOR, gemm, gemm.input(), x.rows(), width);
        multiply(List.of(mlp.gate().weight(), mlp.up().weight()), x, List.of(gates, ups), workers, work);
        Tiles tiles = workers.tiles(0, x.rows());
        workers.run(new long[tiles.count()], work, (tile, scratch) -> GatedMlp.activate(mlp, activation, gates, ups,
                inner, tiles.start(tile), tiles.rows(tile), scratch));
        multiply(List.of(mlp.down().weight()), inner, List.of(y), workers, work);
        workers.run(new long[tiles.count()], work, (tile, scratch) -> GatedMlp.addBias(mlp.down(), y,
                tiles.start(tile), tiles.rows(tile), scratch));
    }

    /** {@code ys[i] = x * weights[i]^T} of matrices of one shape. */
    private static void multiply(List<Matrix> weights, Rows x, List<Rows> ys, Workers workers, Work work) {
        Gemm gemm = workers.own().arithmetic().fast();
        Tiles parts = parts(weights.getFirst(), gemm);
        long[] one = parts.costs(2L * x.rows() * x.width());
        long[] costs = new long[weights.size() * one.length];
        Arrays.setAll(costs, task -> one[task % one.length]);
        workers.run(costs, work, (task, scratch) -> {
            Matrix weight = weights.get(task / one.length);
            int from = parts.start(task % one.length);
            int outs = parts.rows(task % one.length);
            gemm.multiply(weight, Part.rows(weight, from, outs), x, ys.get(task / one.length).columns(from, outs));
        });
    }
}
