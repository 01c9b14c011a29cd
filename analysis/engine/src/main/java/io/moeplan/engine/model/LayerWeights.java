package io.moeplan.engine.model;

import io.moeplan.tensors.Tensor;
import io.moeplan.tensors.matrix.Matrix;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/** The weights of one layer, shapes checked. Matrices are {@code [out, in]}, however they are stored. */
public record LayerWeights(NormWeights attentionNorm, Attention attention, NormWeights feedForwardNorm,
        FeedForward feedForward) {
    /** A norm's weight {@code [width]} and, for a layer norm, its bias. */
    public record NormWeights(Vector weight, Optional<Vector> bias) {}

    /** A projection and its bias {@code [out]}, if it has one. */
    public record Linear(Matrix weight, Optional<Vector> bias) {
        /** The same with the matrix in other memory, see {@link Matrix#over}. */
        public Linear over(UnaryOperator<Tensor> place) {
            return new Linear(weight.over(place), bias);
        }
    }

    /** {@code gate} and {@code up} are {@code [width, hidden]}, {@code down} is {@code [hidden, width]}. */
    public record Mlp(Linear gate, Linear up, Linear down) {
        /** In the order they are used in. */
        public List<Matrix> matrices() {
            return List.of(gate.weight(), up.weight(), down.weight());
        }

        /** The same with its matrices in other memory. */
        public Mlp over(UnaryOperator<Tensor> place) {
            return new Mlp(gate.over(place), up.over(place), down.over(place));
        }

        /** Bytes that it takes in the checkpoint. */
        public long bytes() {
            return gate.weight().bytes() + up.weight().bytes() + down.weight().bytes();
        }
    }

    /** The weights of an attention block. */
    public sealed interface Attention {
        /** Its matrices; vectors are small and stay where they are. */
        List<Matrix> matrices();

        /** The same with its matrices in other memory. */
        Attention over(UnaryOperator<Tensor> place);

        /**
         * Of {@link io.moeplan.engine.model.Attention.GroupedQuery}.
         *
         * @param query {@code [heads * headDim, hidden]}, twice as many rows if gated
         * @param sinks {@code [heads]}
         */
        record GroupedQuery(Linear query, Linear key, Linear value, Linear output, Optional<Vector> queryNorm,
                Optional<Vector> keyNorm, Optional<Vector> sinks) implements Attention {
            @Override
            public List<Matrix> matrices() {
                return List.of(query.weight(), key.weight(), value.weight(), output.weight());
            }

            @Override
            public GroupedQuery over(UnaryOperator<Tensor> place) {
                return new GroupedQuery(query.over(place), key.over(place), value.over(place), output.over(place),
                        queryNorm, keyNorm, sinks);
            }
        }

        /**
         * Of {@link io.moeplan.engine.model.Attention.Latent}.
         *
         * @param queryDown {@code [queryRank, hidden]}, absent if queries come from the input itself
         * @param query     {@code [heads * keyDim, queryRank or hidden]}
         * @param keyDown   {@code [latentRank + rotaryDim, hidden]}
         * @param keyValue  {@code [heads * (plainDim + valueDim), latentRank]}, each head's key before its value
         * @param output    {@code [hidden, heads * valueDim]}
         */
        record Latent(Optional<Linear> queryDown, Optional<Vector> queryNorm, Linear query, Linear keyDown,
                Vector keyNorm, Linear keyValue, Linear output) implements Attention {
            @Override
            public List<Matrix> matrices() {
                return Stream.concat(queryDown.stream(), Stream.of(query, keyDown, keyValue, output))
                        .map(Linear::weight).toList();
            }

            @Override
            public Latent over(UnaryOperator<Tensor> place) {
                return new Latent(queryDown.map(down -> down.over(place)), queryNorm, query.over(place),
                        keyDown.over(place), keyNorm, keyValue.over(place), output.over(place));
            }
        }

        /**
         * Of {@link io.moeplan.engine.model.Attention.GatedDelta}; {@code v} values of a key head are {@code valueHeads /
         * keyHeads} heads.
         *
         * @param mixed       {@code [2 * keyWidth + 2 * valueWidth, hidden]}, for each key head: query, key, values, gates
         * @param rates       {@code [2 * valueHeads, hidden]}, for each key head: strengths, decays
         * @param convolution {@code [2 * keyWidth + valueWidth, taps]}: queries, keys, values
         * @param decay       {@code [valueHeads]}, the logarithm of each head's decay rate
         * @param decayBias   {@code [valueHeads]}
         * @param norm        {@code [valueDim]}
         * @param output      {@code [hidden, valueWidth]}
         */
        record GatedDelta(Linear mixed, Linear rates, Vector convolution, Vector decay, Vector decayBias, Vector norm,
                Linear output) implements Attention {
            @Override
            public List<Matrix> matrices() {
                return List.of(mixed.weight(), rates.weight(), output.weight());
            }

            @Override
            public GatedDelta over(UnaryOperator<Tensor> place) {
                return new GatedDelta(mixed.over(place), rates.over(place), convolution, decay, decayBias, norm,
                        output.over(place));
            }
        }
    }

    /** The weights of a feed-forward block. */
    public sealed interface FeedForward {
        /** One MLP for every token. */
        record Dense(Mlp mlp) implements FeedForward {}

        /**
         * A router and its experts.
         *
         * @param router     {@code [experts, hidden]}
         * @param correction {@code [experts]}, added to scores for the choice
         * @param experts    in their order
         * @param sharedGate {@code [1, hidden]}
         */
        record Sparse(Linear router, Optional<Vector> correction, List<Mlp> experts, Optional<Mlp> shared,
                Optional<Matrix> sharedGate) implements FeedForward {}
    }
}
