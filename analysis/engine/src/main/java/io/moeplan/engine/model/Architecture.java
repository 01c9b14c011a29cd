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
 * @param layers       first layer first
 * @param scales       factors beside the weights
 * @param tiedHead     whether the embedding is the head as well
 * @param headBias     whether the head adds a bias
 * @param names        what the family calls its tensors
 */
public record Architecture(String modelType, int hidden, int vocabulary, int maxPositions, Norm norm,
        List<Layer> layers, Scales scales, boolean tiedHead, boolean headBias, WeightNames names) {
    /** One layer: {@code x += attention(norm(x)); x += feedForward(norm(x))}. */
    public record Layer(Attention attention, FeedForward feedForward) {}

    /**
     * Factors that some families apply.
     *
     * @param embedding multiplies embeddings
     * @param residual  multiplies what a block adds to the residual stream
     * @param logits    divides logits
     */
    public record Scales(float embedding, float residual, float logits) {
        public static final Scales NONE = new Scales(1, 1, 1);
    }

    public Architecture {
        layers = List.copyOf(layers);
    }

    Architecture withHead(boolean tied, boolean bias) {
        return new Architecture(modelType, hidden, vocabulary, maxPositions, norm, layers, scales, tied, bias, names);
    }

    /** Numbers of the layers that route, ascending. */
    public int[] moeLayers() {
        return IntStream.range(0, layers.size())
                .filter(layer -> layers.get(layer).feedForward() instanceof FeedForward.Sparse).toArray();
    }

    /** The block of a layer that routes. */
    public FeedForward.Sparse sparse(int layer) {
        if (layers.get(layer).feedForward() instanceof FeedForward.Sparse sparse) {
            return sparse;
        }
        throw new IllegalArgumentException("layer " + layer + " does not route");
    }
}
