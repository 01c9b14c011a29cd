package io.moeplan.engine.model;

import java.util.List;
import java.util.stream.IntStream;

/**
 * A decoder-only transformer as data: everything a backend must know beside the weights themselves.
 *
 * @param modelType    {@code model_type} of config.json
 * @param hidden       width of the residual stream
 * @param vocabulary   rows of the embedding
 * @param maxPositions longest sequence the model is made for, in tokens
 * @param norm         the norm before attention, before the feed-forward block and before the head
 * @param layers       the feed-forward block of every layer, first layer first
 * @param tiedHead     whether the embedding is the head as well
 */
public record Architecture(String modelType, int hidden, int vocabulary, int maxPositions, RmsNorm norm,
        Attention attention, List<FeedForward> layers, boolean tiedHead, WeightNames names) {

    public Architecture {
        layers = List.copyOf(layers);
    }

    /** Numbers of the layers that route, ascending. */
    public int[] moeLayers() {
        return IntStream.range(0, layers.size())
                .filter(layer -> layers.get(layer) instanceof FeedForward.Sparse).toArray();
    }
}
