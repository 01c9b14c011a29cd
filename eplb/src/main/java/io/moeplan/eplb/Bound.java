package io.moeplan.eplb;

import java.util.Arrays;
import java.util.PriorityQueue;

/**
 * No layout of a problem has a fullest GPU emptier than this, relative to the mean GPU load.
 *
 * <p>Each term is a lower bound by itself under even split, whether or not replicas of an expert share a GPU and however
 * empty slots are spread. Every expert has at least {@code m} replicas: one, or as many as it takes to outlive the losses
 * asked for.
 * <ul>
 * <li>{@code MEAN}: the fullest GPU carries at least the mean load, so 1;
 * <li>{@code HOTTEST_EXPERT}: the tokens of expert {@code e} are computed on at most
 * {@code min(GPUs, slots - m (experts - 1))} GPUs, as every other expert takes {@code m} slots; one of these carries at least
 * {@code w_e} over that number;
 * <li>{@code LARGEST_SLOT}: one slot carries {@code max_e w_e / r_e} tokens, and its GPU at least these. Giving the next
 * replica always to the expert with the largest {@code w_e / r_e} makes that maximum as small as any replica counts can;
 * <li>{@code SHARED_GPU}: of any {@code kG + 1} slots some GPU of the {@code G} holds {@code k + 1}, so it carries
 * {@code (k + 1) t} if all of them carry {@code t}. That many do, with {@code t} the largest slot that greedy replication
 * leaves without the {@code kG} heaviest experts: if some replica counts left at most {@code kG} slots of {@code t} or more,
 * at most {@code kG} experts would have such slots. Every lighter expert among these takes the replica count of a heavier
 * one that is not among them, which brings it under {@code t} too; then all but the {@code kG} heaviest are under
 * {@code t} with no more replicas than greedy replication had, which cannot be;
 * <li>{@code PINNED_GROUPS}: where groups share a node, the best over all ways to put whole groups onto nodes of the fullest
 * node's own bound, as {@link PinnedGroups} finds it.
 * </ul>
 *
 * @param maxOverMean the bound on max / mean of the GPU loads, 1 or more; 1 for a layer without tokens
 * @param term        which term gave it; the first of those that tie
 */
public record Bound(double maxOverMean, Term term) {
    /** What keeps the fullest GPU from being emptier. */
    public enum Term {
        MEAN, HOTTEST_EXPERT, LARGEST_SLOT, SHARED_GPU, PINNED_GROUPS
    }

    /**
     * The bound for one layer.
     *
     * @param totals tokens of each expert, {@code [experts]}
     */
    public static Bound of(PlanProblem problem, long[] totals) {
        long sum = Arrays.stream(totals).sum();
        if (sum == 0) {
            return new Bound(1, Term.MEAN);
        }
        long[] heaviestFirst = heaviestFirst(totals);
        int gpus = problem.presentGpus();
        double mean = (double) sum / gpus;
        int fewest = problem.fewestReplicas();
        int spare = problem.filledSlots() - problem.experts() * fewest;
        Bound best = new Bound(1, Term.MEAN);
        best = best.orHigher((double) heaviestFirst[0] / problem.mostReplicas() / mean, Term.HOTTEST_EXPERT);
        best = best.orHigher(largestSlot(heaviestFirst, fewest, spare) / mean, Term.LARGEST_SLOT);
        for (int k = 1; k < problem.topology().slotsPerGpu() && (long) k * gpus < totals.length; k++) {
            // The greedy figure is at most the heaviest load: no need to work it out where that is too small.
            if ((k + 1) * (double) heaviestFirst[k * gpus] > best.maxOverMean() * mean) {
                long[] rest = Arrays.copyOfRange(heaviestFirst, k * gpus, totals.length);
                best = best.orHigher((k + 1) * largestSlot(rest, fewest, spare) / mean, Term.SHARED_GPU);
            }
        }
        if (!problem.hierarchical()) {
            return best;
        }
        double fullest = new PinnedGroups(problem, totals).fullestGpu(best.maxOverMean() * mean);
        return best.orHigher(fullest / mean, Term.PINNED_GROUPS);
    }

    /** A sorted copy. */
    static long[] heaviestFirst(long[] totals) {
        long[] sorted = totals.clone();
        Arrays.sort(sorted);
        for (int i = 0, j = sorted.length - 1; i < j; i++, j--) {
            long swapped = sorted[i];
            sorted[i] = sorted[j];
            sorted[j] = swapped;
        }
        return sorted;
    }

    /**
     * The smallest possible largest slot load, in tokens: greedy replication.
     *
     * @param fewest replicas that every expert has
     * @param spare  slots beyond these
     */
    static double largestSlot(long[] totals, int fewest, int spare) {
        int[] replicas = new int[totals.length];
        PriorityQueue<Integer> heaviest = new PriorityQueue<>(
                (a, b) -> Double.compare((double) totals[b] / replicas[b], (double) totals[a] / replicas[a]));
        for (int e = 0; e < totals.length; e++) {
            replicas[e] = fewest;
            heaviest.add(e);
        }
        for (int i = 0; i < spare; i++) {
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
