package io.moeplan.engine.model;

import java.util.Optional;

/** How a layer mixes the tokens of one sequence; always causal. */
public sealed interface Attention {
    /**
     * Attention by a softmax over scores: every query head reads from one key and value head; neighbouring query heads
     * share one in equal groups.
     */
    sealed interface Softmax extends Attention {
        /** Query heads. */
        int heads();

        /** Key and value heads, a divisor of {@link #heads()}. */
        int kvHeads();

        /** Width of a query and of a key. */
        int keyDim();

        /** Width of a value. */
        int valueDim();

        /** What scores are multiplied with. */
        float scale();

        /** Which earlier tokens a token sees. */
        Span span();

        /** Width of the rotated part of a head, 0 if positions are not encoded. */
        int rotaryDim();

        /** How positions are encoded, if they are. */
        Optional<Rope> rope();
    }

    /**
     * Multi-head attention whose query heads share keys and values in equal groups.
     *
     * @param bias        whether the projections of queries, keys and values add a bias
     * @param outputBias  whether the output projection adds one
     * @param headNorm    what queries and keys pass beside the rotation
     * @param rope        absent: positions are not encoded
     * @param sinks       whether each head has a learned score that takes its share of the softmax and gives nothing
     * @param gated       whether a sigmoid gate, projected beside the queries (each head's after its query), multiplies each
     *                    head's output
     * @param clip        queries, keys and values are limited to plus and minus this; infinity for no limit
     * @param temperature scales queries by their position
     */
    record GroupedQuery(int heads, int kvHeads, int headDim, boolean bias, boolean outputBias, HeadNorm headNorm,
            Optional<Rope> rope, Span span, float scale, boolean sinks, boolean gated, double clip,
            Temperature temperature) implements Softmax {
        /** Nothing but projections, a rotation and a softmax. */
        public static GroupedQuery plain(int heads, int kvHeads, int headDim, Rope rope) {
            return new GroupedQuery(heads, kvHeads, headDim, false, false, HeadNorm.NONE, Optional.of(rope), Span.ALL,
                    (float) (1 / Math.sqrt(headDim)), false, false, Double.POSITIVE_INFINITY, Temperature.NONE);
        }

        GroupedQuery withBias(boolean inputs, boolean output) {
            return new GroupedQuery(heads, kvHeads, headDim, inputs, output, headNorm, rope, span, scale, sinks, gated,
                    clip, temperature);
        }

        GroupedQuery withHeadNorm(HeadNorm norm) {
            return new GroupedQuery(heads, kvHeads, headDim, bias, outputBias, norm, rope, span, scale, sinks, gated,
                    clip, temperature);
        }

        GroupedQuery withSpan(Span seen) {
            return new GroupedQuery(heads, kvHeads, headDim, bias, outputBias, headNorm, rope, seen, scale, sinks,
                    gated, clip, temperature);
        }

        GroupedQuery withScale(float factor) {
            return new GroupedQuery(heads, kvHeads, headDim, bias, outputBias, headNorm, rope, span, factor, sinks,
                    gated, clip, temperature);
        }

        GroupedQuery withSinks() {
            return new GroupedQuery(heads, kvHeads, headDim, bias, outputBias, headNorm, rope, span, scale, true, gated,
                    clip, temperature);
        }

        GroupedQuery withGate() {
            return new GroupedQuery(heads, kvHeads, headDim, bias, outputBias, headNorm, rope, span, scale, sinks, true,
                    clip, temperature);
        }

        GroupedQuery withClip(double limit) {
            return new GroupedQuery(heads, kvHeads, headDim, bias, outputBias, headNorm, rope, span, scale, sinks,
                    gated, limit, temperature);
        }

        GroupedQuery withoutRope(Temperature byPosition) {
            return new GroupedQuery(heads, kvHeads, headDim, bias, outputBias, headNorm, Optional.empty(), span, scale,
                    sinks, gated, clip, byPosition);
        }

        @Override
        public int keyDim() {
            return headDim;
        }

        @Override
        public int valueDim() {
            return headDim;
        }

        @Override
        public int rotaryDim() {
            return rope.map(r -> 2 * r.frequencies().length).orElse(0);
        }

        /** Width of all queries of a token. */
        public int queryWidth() {
            return heads * headDim;
        }

        /** Width of all keys (or all values) of a token. */
        public int keyWidth() {
            return kvHeads * headDim;
        }
    }

    /**
     * Multi-head latent attention (DeepSeek-V2, arXiv 2405.04434): keys and values are projected from one narrow vector per
     * token, beside a rotated part of the keys that all heads share.
     *
     * @param queryRank  width of the vector that queries are projected from, 0 if they come from the input itself
     * @param latentRank width of the vector that keys and values are projected from
     * @param plainDim   width of the part of queries and keys that is not rotated
     * @param rotaryDim  width of the part that is, which comes after it
     * @param bias       whether the projections into and out of the block add a bias
     */
    record Latent(int heads, int queryRank, int latentRank, int plainDim, int rotaryDim, int valueDim, boolean bias,
            Rope rotation, float scale) implements Softmax {
        @Override
        public int kvHeads() {
            return heads;
        }

        @Override
        public int keyDim() {
            return plainDim + rotaryDim;
        }

        @Override
        public Span span() {
            return Span.ALL;
        }

        @Override
        public Optional<Rope> rope() {
            return Optional.of(rotation);
        }
    }

    /**
     * Gated DeltaNet (Yang et al. 2024, arXiv 2412.06464) as Qwen3-Next has it: a state per head instead of keys and values
     * per token, behind a short causal convolution.
     *
     * @param keyHeads   heads of queries and keys, a divisor of {@code valueHeads}
     * @param valueHeads heads of values; neighbouring ones share a key head
     * @param taps       tokens that the convolution sees
     */
    record GatedDelta(int keyHeads, int valueHeads, int keyDim, int valueDim, int taps) implements Attention {
        /** Width of all queries (or all keys) of a token. */
        public int keyWidth() {
            return keyHeads * keyDim;
        }

        /** Width of all values of a token. */
        public int valueWidth() {
            return valueHeads * valueDim;
        }
    }

    /** What queries and keys pass on their way to the scores: an RMS norm, and where it stands. */
    enum HeadNorm {
        NONE,
        /** Each head by itself, one weight for all heads, before the rotation. */
        PER_HEAD,
        /** All heads together, before the rotation. */
        WHOLE,
        /** As PER_HEAD, after the rotation. */
        PER_HEAD_AFTER_ROPE,
        /** Each head by itself without a weight, after the rotation. */
        UNIT_AFTER_ROPE
    }

    /**
     * Which tokens a token attends to beside itself.
     *
     * @param tokens see {@code kind}
     */
    record Span(Kind kind, int tokens) {
        public static final Span ALL = new Span(Kind.ALL, 0);

        public enum Kind {
            /** All before it. */
            ALL,
            /** Those of the {@code tokens} tokens that end with it. */
            SLIDING,
            /** Those before it in its own chunk; the sequence is cut into chunks of {@code tokens}. */
            CHUNKED
        }

        /** The first position that a position sees. */
        public int first(int position) {
            return switch (kind) {
                case ALL -> 0;
                case SLIDING -> Math.max(0, position + 1 - tokens);
                case CHUNKED -> position - position % tokens;
            };
        }
    }

    /**
     * A factor on queries that grows with the position: {@code 1 + scale * ln(1 + floor((position + 1) / floor))} (Nakanishi
     * 2025, arXiv 2501.19399).
     */
    record Temperature(double scale, double floor) {
        public static final Temperature NONE = new Temperature(0, 1);

        public float at(int position) {
            return (float) (Math.log1p(Math.floor((position + 1) / floor)) * scale + 1);
        }
    }
}
