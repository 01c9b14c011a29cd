package io.moeplan.eplb;

import java.util.PriorityQueue;

/**
 * No layout of a problem has a fullest GPU emptier than this, relative to the mean GPU load.
 *
 * <p>Each term is a lower bound by itself under even split, whether or not replicas of an expert share a GPU:
 * <ul>
 * <li>{@code MEAN}: the fullest GPU carries at least the mean load, so 1;
 * <li>{@code HOTTEST_EXPERT}: the tokens of expert {@code e} are computed on at most {@code min(GPUs, 1 + slots - experts)}
 * GPUs, as every other expert takes a slot; one of these carries at least {@code w_e} over that number;
 * <li>{@code LARGEST_SLOT}: one slot carries {@code max_e w_e / r_e} tokens, and its GPU at least these. Giving the next
 * replica always to the expert with the largest {@code w_e / r_e} makes that maximum as small as any replica counts can.
 * </ul>
 *
 * @param maxOverMean the bound on max / mean of the GPU loads, 1 or more; 1 for a layer without tokens
 * @param term        which term gave it; the first of those that tie
 */
public record Bound(double maxOverMean, Term term) {
    /** What keeps the fullest GPU from being emptier. */
    public enum Term {
        MEAN, HOTTEST_EXPERT, LARGEST_SLOT
    }

    /**
     * The bound for one layer.
     *
     * @param totals tokens of each expert, {@code [experts]}
     */
    public static Bound of(PlanProblem problem, long[] totals) {
        long sum = 0;
        long hottest = 0;
        for (long tokens : totals) {
            sum += tokens;
            hottest = Math.max(hottest, tokens);
        }
        if (sum == 0) {
            return new Bound(1, Term.MEAN);
        }
        double mean = (double) sum / problem.topology().gpus();
        Bound best = new Bound(1, Term.MEAN);
        best = best.orHigher((double) hottest / problem.mostReplicas() / mean, Term.HOTTEST_EXPERT);
        return best.orHigher(largestSlot(totals, problem.redundant()) / mean, Term.LARGEST_SLOT);
    }

    /** The smallest possible largest slot load: greedy replication. */
    private static double largestSlot(long[] totals, int redundant) {
        int[] replicas = new int[totals.length];
        PriorityQueue<Integer> heaviest = new PriorityQueue<>(
                (a, b) -> Double.compare((double) totals[b] / replicas[b], (double) totals[a] / replicas[a]));
        for (int e = 0; e < totals.length; e++) {
            replicas[e] = 1;
            heaviest.add(e);
        }
        for (int i = 0; i < redundant; i++) {
            int e = heaviest.remove();
            replicas[e]++;
            heaviest.add(e);
        }
        int e = heaviest.element();
        return (double) totals[e] / replicas[e];
    }

    private Bound orHigher(double other, Term otherTerm) {
        return other > maxOverMean ? new Bound(other, otherTerm) : this;
    }
}
