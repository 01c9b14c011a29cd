package io.moeplan.eplb.judge;

/**
 * Whether a plan is worth loading, in one word, with the reason in a sentence.
 *
 * @param gain share of the MoE time that the plan is predicted to save, e.g. 0.31
 */
public record Verdict(Word word, double gain, String reason) {
    /** The three answers. */
    public enum Word {
        APPLY, MARGINAL, LEAVE
    }
}
