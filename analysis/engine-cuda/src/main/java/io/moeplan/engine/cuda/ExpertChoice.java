package io.moeplan.engine.cuda;

/** Chooses each token's experts from its router logits ({@code route.cu}). */
public final class ExpertChoice {
    private static final int WARPS = 8;

    private final Kernel kernel;
    private final Rule rule;

    /** What turns logits into scores. */
    public enum Score {
        SOFTMAX(0), SIGMOID(1), SOFTMAX_OF_CHOSEN(2);

        private final int code;

        Score(int code) {
            this.code = code;
        }
    }

    /**
     * How experts are chosen and weighted.
     *
     * @param experts   1,024 at most
     * @param topK      experts of a token, 32 at most
     * @param groups    groups of consecutive experts, 32 at most; 1 for no limit
     * @param kept      groups a token may choose from
     * @param best      1 or 2: a group's score is the sum of its highest
     * @param divide    whether weights are divided by the greater of their sum plus {@code epsilon} and {@code floor}
     * @param scale     what weights are multiplied with at the end
     */
    public record Rule(int experts, int topK, Score score, int groups, int kept, int best, boolean divide,
            float epsilon, float floor, float scale) {
        public Rule {
            if (experts > 1024 || topK > 32 || groups > 32 || experts % groups != 0
                    || (long) topK * groups > (long) experts * kept) {
                throw new IllegalArgumentException("no kernel chooses " + topK + " of " + experts + " experts in "
                        + kept + " of " + groups + " groups");
            }
        }
    }

    public ExpertChoice(Kernels kernels, Rule rule) {
        this.rule = rule;
        kernel = kernels.get("route", "route", "EXPERTS=" + rule.experts, "TOP_K=" + rule.topK,
                "SCORE=" + rule.score.code, "GROUPS=" + rule.groups, "KEPT=" + rule.kept, "BEST=" + rule.best);
    }

    /**
     * What comes out, at device addresses; in descending order of the score they were chosen by.
     *
     * @param ids     int32 {@code [tokens][topK]}
     * @param weights float32 {@code [tokens][topK]}
     * @param packed  the ids as uint16 {@code [tokens][topK]}, or 0
     */
    public record Chosen(long ids, long weights, long packed) {}

    /**
     * Queues it.
     *
     * @param logits     float32 {@code [tokens][experts]}
     * @param bias       float32 {@code [experts]}, added to the logits, or 0
     * @param correction float32 {@code [experts]}, added to the scores for the choice only, or 0
     */
    public void choose(Stream stream, int tokens, long logits, long bias, long correction, Chosen chosen) {
        kernel.launch(stream, new int[]{Math.ceilDiv(tokens, WARPS), 1, 1}, 32 * WARPS, 0, logits, bias, correction,
                tokens, rule.divide ? 1 : 0, rule.epsilon, rule.floor, rule.scale, chosen.ids, chosen.weights,
                chosen.packed);
    }
}
