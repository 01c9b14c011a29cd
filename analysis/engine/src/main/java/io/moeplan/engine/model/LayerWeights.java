package io.moeplan.engine.model;

import io.moeplan.tensors.Tensor;
import java.util.List;
import java.util.Optional;

/**
 * The tensors of one layer, shapes checked. Matrices are {@code [out, in]} as checkpoints store them.
 *
 * @param attentionNorm   {@code [hidden]}
 * @param feedForwardNorm {@code [hidden]}
 */
public record LayerWeights(Tensor attentionNorm, Attention attention, Tensor feedForwardNorm, FeedForward feedForward) {
    /** A projection and its bias {@code [out]}, if it has one. */
    public record Linear(Tensor weight, Optional<Tensor> bias) {}

    /** Attention projections; the head norms ({@code [headDim]}) are there if the architecture says so. */
    public record Attention(Linear query, Linear key, Linear value, Linear output, Optional<Tensor> queryNorm,
            Optional<Tensor> keyNorm) {}

    /** {@code gate} and {@code up} are {@code [width, hidden]}, {@code down} is {@code [hidden, width]}. */
    public record Mlp(Tensor gate, Tensor up, Tensor down) {}

    /** The weights of a feed-forward block. */
    public sealed interface FeedForward {
        /** One MLP for every token. */
        record Dense(Mlp mlp) implements FeedForward {}

        /** The router {@code [experts, hidden]} and the experts in their order. */
        record Sparse(Tensor router, List<Mlp> experts) implements FeedForward {}
    }
}
