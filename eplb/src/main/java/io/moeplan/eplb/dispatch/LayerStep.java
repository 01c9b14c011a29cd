package io.moeplan.eplb.dispatch;

/**
 * One step of one MoE layer, as a {@link Dispatch} rule sees it.
 *
 * @param id       the step's own number; a rule that draws at random draws the same again for the same number
 * @param layer    index of the MoE layer, for the same purpose
 * @param counts   tokens routed to each expert, {@code [experts]} from index {@code from} on
 * @param bySource the same by the rank that the tokens come from, {@code [ranks][experts]}, each row from index
 *                 {@code from} on; without rows if that is not known, and then every rank that holds an expert is taken
 *                 to send an equal share
 */
public record LayerStep(long id, int layer, int[] counts, int from, int[][] bySource) {
    private static final int[][] UNKNOWN = {};

    /** A step of which only the counts matter. */
    public static LayerStep of(int[] counts, int from) {
        return new LayerStep(0, 0, counts, from, UNKNOWN);
    }

    /** Tokens routed to an expert. */
    public int count(int expert) {
        return counts[from + expert];
    }

    /** Whether {@link #count(int, int)} can be asked. */
    public boolean sourcesKnown() {
        return bySource.length > 0;
    }

    /** Tokens of a source rank routed to an expert. */
    public int count(int source, int expert) {
        return bySource[source][from + expert];
    }
}
