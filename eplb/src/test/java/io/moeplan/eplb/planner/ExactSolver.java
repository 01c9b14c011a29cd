package io.moeplan.eplb.planner;

import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * The smallest possible fullest GPU of a small layer, by branch and bound: experts, heaviest first, take a number of
 * replicas and a set of GPUs each; what cannot beat the best known is cut off. GPUs are alike, so of GPUs that are equally
 * loaded and equally full only the first is tried.
 */
final class ExactSolver {
    private final double[] weight;
    private final int gpus;
    private final int slotsPerGpu;
    private final double[] load;
    private final int[] held;
    private final double[] restWeight;
    private double best;
    private long nodes;
    private final long mostNodes;

    private ExactSolver(double[] weight, int gpus, int slotsPerGpu, double upper, long mostNodes) {
        this.weight = IntStream.range(0, weight.length).mapToObj(e -> weight[e]).sorted((a, b) -> Double.compare(b, a))
                .mapToDouble(Double::doubleValue).toArray();
        this.gpus = gpus;
        this.slotsPerGpu = slotsPerGpu;
        this.mostNodes = mostNodes;
        best = upper;
        load = new double[gpus];
        held = new int[gpus];
        restWeight = new double[weight.length + 1];
        for (int e = weight.length - 1; e >= 0; e--) {
            restWeight[e] = restWeight[e + 1] + this.weight[e];
        }
    }

    /**
     * The best fullest GPU with every slot filled and no expert twice on a GPU.
     *
     * @param upper a value that can be reached
     * @return the optimum, or NaN if the search was given up after {@code mostNodes}
     */
    static double fullest(double[] weight, int gpus, int slotsPerGpu, double upper, long mostNodes) {
        ExactSolver solver = new ExactSolver(weight, gpus, slotsPerGpu, upper, mostNodes);
        solver.expert(0, gpus * slotsPerGpu - weight.length);
        return solver.nodes > mostNodes ? Double.NaN : solver.best;
    }

    private void expert(int e, int spare) {
        if (e == weight.length) {
            if (spare == 0) {
                best = Math.min(best, Arrays.stream(load).max().orElseThrow());
            }
            return;
        }
        if (nodes > mostNodes || hopeless(e)) {
            return;
        }
        int most = Math.min(gpus, 1 + spare);
        // If the rest cannot use up the spare slots, this one has to.
        int least = (int) Math.max(1, 1 + spare - (long) (weight.length - e - 1) * (gpus - 1));
        for (int replicas = most; replicas >= least; replicas--) {
            if (weight[e] / replicas < best * (1 - 1e-9)) {
                place(e, replicas, replicas, 0, spare - replicas + 1);
            }
        }
    }

    /** Chooses GPUs for the replicas that are left, from GPU {@code from} on. */
    private void place(int e, int replicas, int left, int from, int spare) {
        if (left == 0) {
            expert(e + 1, spare);
            return;
        }
        nodes++;
        double share = weight[e] / replicas;
        for (int g = from; g <= gpus - left; g++) {
            if (held[g] < slotsPerGpu && load[g] + share < best * (1 - 1e-9) && !likeEarlier(g, from)) {
                load[g] += share;
                held[g]++;
                place(e, replicas, left - 1, g + 1, spare);
                load[g] -= share;
                held[g]--;
            }
        }
    }

    private boolean likeEarlier(int g, int from) {
        for (int h = from; h < g; h++) {
            if (held[h] == held[g] && load[h] == load[g]) {
                return true;
            }
        }
        return false;
    }

    /** Whether the weight that is left does not fit under the best known. */
    private boolean hopeless(int e) {
        double room = 0;
        for (int g = 0; g < gpus; g++) {
            if (held[g] < slotsPerGpu) {
                room += best * (1 - 1e-9) - load[g];
            }
        }
        return restWeight[e] > room;
    }
}
