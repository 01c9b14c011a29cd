package io.moeplan.engine.cpu;

import io.moeplan.engine.model.LayerWeights;
import io.moeplan.engine.model.Model;
import io.moeplan.tensors.Tensor;
import io.moeplan.tensors.matrix.Matrix;
import java.util.ArrayList;
import java.util.List;

/**
 * The matrices that one operation of a layer reads together.
 *
 * @param first the first expert, if it holds experts
 * @param count how many experts it holds
 */
record Piece(int layer, Part part, int first, int count, List<Matrix> matrices) {
    /** Which operation it is for. */
    enum Part {
        ATTENTION, ROUTER, DENSE, EXPERTS, SHARED;

        /** Whether it is large enough to be read ahead; others stay mapped. */
        boolean streamed() {
            return this != ROUTER;
        }
    }

    /** Whether it is the same piece of the model. */
    boolean at(Piece other) {
        return layer == other.layer && part == other.part && first == other.first;
    }

    List<Tensor> tensors() {
        return matrices.stream().flatMap(matrix -> matrix.tensors().stream()).distinct().toList();
    }

    /**
     * A layer's pieces in the order of use.
     *
     * @param routeOnly  whether the layer ends with its router
     * @param batchBytes experts are taken together up to this size
     */
    static List<Piece> of(Model model, int layer, boolean routeOnly, long batchBytes) {
        LayerWeights weights = model.layers().get(layer);
        List<Piece> pieces = new ArrayList<>();
        pieces.add(new Piece(layer, Part.ATTENTION, 0, 0, weights.attention().matrices()));
        switch (weights.feedForward()) {
            case LayerWeights.FeedForward.Dense dense ->
                pieces.add(new Piece(layer, Part.DENSE, 0, 0, dense.mlp().matrices()));
            case LayerWeights.FeedForward.Sparse sparse -> {
                pieces.add(new Piece(layer, Part.ROUTER, 0, 0, List.of(sparse.router().weight())));
                if (!routeOnly) {
                    addExperts(layer, sparse, batchBytes, pieces);
                }
            }
        }
        return pieces;
    }

    private static void addExperts(int layer, LayerWeights.FeedForward.Sparse sparse, long batchBytes,
            List<Piece> pieces) {
        List<LayerWeights.Mlp> experts = sparse.experts();
        int first = 0;
        while (first < experts.size()) {
            int last = first + 1;
            long bytes = experts.get(first).bytes();
            while (last < experts.size() && bytes + experts.get(last).bytes() <= batchBytes) {
                bytes += experts.get(last).bytes();
                last++;
            }
            pieces.add(new Piece(layer, Part.EXPERTS, first, last - first, experts.subList(first, last).stream()
                    .flatMap(expert -> expert.matrices().stream()).toList()));
            first = last;
        }
        sparse.shared().ifPresent(shared -> pieces.add(new Piece(layer, Part.SHARED, 0, 0, shared.matrices())));
    }
}
