package io.moeplan.engine.model;

import java.util.Optional;

/**
 * How tokens choose experts.
 *
 * @param experts    logical experts
 * @param topK       experts a token goes to
 * @param divisor    what the chosen weights are divided by
 * @param scale      what the weights are multiplied with at the end
 * @param bias       whether logits add a bias
 * @param correction whether a learned bias is added to the scores for the choice, not for the weights
 * @param groups     limits the choice to some groups of experts
 */
public record Router(int experts, int topK, Score score, Divisor divisor, double scale, boolean bias,
        boolean correction, Optional<Groups> groups) {
    /** Relative distance below the best logit beyond which {@link Score#SPARSE_MIXER} leaves an expert out. */
    public static final double MIXER_JITTER = 0.01;

    /** What turns router logits into weights; the highest are chosen. */
    public enum Score {
        /** Softmax over all experts. */
        SOFTMAX,
        /** Each expert's own sigmoid. */
        SIGMOID,
        /** Softmax over the chosen experts only. */
        SOFTMAX_OF_CHOSEN,
        /**
         * The two best one after the other, each weighed by a softmax over those not far below it (Liu et al. 2024, arXiv
         * 2409.12136).
         */
        SPARSE_MIXER
    }

    /**
     * What the chosen weights are divided by: 1, or their sum, plus {@code epsilon}, at least {@code floor}.
     *
     * @param sum whether they are divided at all
     */
    public record Divisor(boolean sum, double epsilon, double floor) {
        public static final Divisor NONE = new Divisor(false, 0, 0);
        public static final Divisor SUM = new Divisor(true, 0, 0);

        /** The sum if asked for. */
        static Divisor sumIf(boolean normalise, double epsilon) {
            return normalise ? new Divisor(true, epsilon, 0) : NONE;
        }
    }

    /**
     * Equal groups of consecutive experts, of which a token may use only some.
     *
     * @param count groups, a divisor of the experts
     * @param kept  groups a token may choose from
     * @param best  a group's score is the sum of its {@code best} highest expert scores: 1 or 2
     */
    public record Groups(int count, int kept, int best) {}

    /** Nothing beside a score. */
    static Router plain(int experts, int topK, Score score, Divisor divisor) {
        return new Router(experts, topK, score, divisor, 1, false, false, Optional.empty());
    }

    Router withScale(double factor) {
        return new Router(experts, topK, score, divisor, factor, bias, correction, groups);
    }

    Router withBias() {
        return new Router(experts, topK, score, divisor, scale, true, correction, groups);
    }

    Router withCorrection() {
        return new Router(experts, topK, score, divisor, scale, bias, true, groups);
    }

    Router withGroups(Groups limit) {
        return new Router(experts, topK, score, divisor, scale, bias, correction, Optional.of(limit));
    }
}
