package io.moeplan.eplb;

/**
 * Which rank the tokens of each step of a {@link LoadTrace} come from. Ranks are the expert-parallel ranks of a deployment
 * whose attention is data-parallel, so that source rank r is GPU r.
 */
public interface SourceCounts {
    /** The number of ranks, or 0 if nobody knows where the tokens come from. */
    int ranks();

    /**
     * The counts of one step by source rank.
     *
     * @param step   index of the step in the trace
     * @param counts receives tokens routed, {@code [ranks][layers * experts]}; what was in it is overwritten
     */
    void read(int step, int[][] counts);

    /** The same for the trace from step {@code first} on. */
    default SourceCounts from(int first) {
        SourceCounts whole = this;
        return new SourceCounts() {
            @Override
            public int ranks() {
                return whole.ranks();
            }

            @Override
            public void read(int step, int[][] counts) {
                whole.read(first + step, counts);
            }
        };
    }

    /** Nothing is known: every rank is taken to send an equal share of every step. */
    static SourceCounts unknown() {
        return new SourceCounts() {
            @Override
            public int ranks() {
                return 0;
            }

            @Override
            public void read(int step, int[][] counts) {
                // No rows to fill.
            }
        };
    }
}
