package io.moeplan.engine.model;

import java.util.Optional;

/** The feed-forward block of a layer, made of MLPs {@code down(activation(gate(x), up(x)))}. */
public sealed interface FeedForward {
    /** One MLP for every token; {@code width} is its inner width. */
    record Dense(int width, Activation activation) implements FeedForward {}

    /**
     * A router and its experts.
     *
     * @param width       inner width of one expert
     * @param bias        whether the experts' projections add biases
     * @param scalesInput whether a routing weight multiplies the input of its expert rather than its output
     * @param shared      an MLP that every token passes beside its experts
     */
    record Sparse(Router router, int width, Activation activation, boolean bias, boolean scalesInput,
            Optional<Shared> shared) implements FeedForward {
        static Sparse plain(Router router, int width) {
            return new Sparse(router, width, Activation.SILU, false, false, Optional.empty());
        }

        Sparse withShared(int sharedWidth, boolean gated) {
            return new Sparse(router, width, activation, bias, scalesInput,
                    Optional.of(new Shared(sharedWidth, gated)));
        }
    }

    /**
     * The shared experts as one MLP.
     *
     * @param gated whether its output is multiplied with the sigmoid of a learned projection of the input
     */
    record Shared(int width, boolean gated) {}

    /**
     * What stands between the projections: {@code (up + offset) * gate * sigmoid(slope * gate)}, with gate limited from above
     * and up from both sides.
     *
     * @param limit infinity for none
     */
    record Activation(float slope, float offset, float limit) {
        /** {@code silu(gate) * up}. */
        public static final Activation SILU = new Activation(1, 0, Float.POSITIVE_INFINITY);

        /** Of gpt-oss. */
        static Activation clamped(double limit) {
            return new Activation(1.702f, 1, (float) limit);
        }
    }
}
