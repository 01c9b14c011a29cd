package io.moeplan.eplb.judge;

import io.moeplan.eplb.LoadTrace;
import java.util.Arrays;

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

    /**
     * The same for ranks that run on some of a deployment's GPUs; the others, which are absent, send nothing.
     *
     * @param gpus     the GPU of each rank, {@code [ranks]}
     * @param allGpus GPUs of the deployment, absent ones included
     */
    default SourceCounts onGpus(int[] gpus, int allGpus) {
        SourceCounts onRanks = this;
        return new SourceCounts() {
            @Override
            public int ranks() {
                return allGpus;
            }

            @Override
            public void read(int step, int[][] counts) {
                for (int[] row : counts) {
                    Arrays.fill(row, 0);
                }
                onRanks.read(step, Arrays.stream(gpus).mapToObj(gpu -> counts[gpu]).toArray(int[][]::new));
            }
        };
    }

    /** Nothing is known: every rank that holds an expert is taken to send an equal share of every step. */
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
