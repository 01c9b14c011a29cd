package io.moeplan.eplb.search;

import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * A first layout for the search: replicas go to the experts with the largest weight per replica, then, heaviest expert
 * first, each replica to the emptiest GPU that may hold it.
 */
final class Construction {
    private final LayerProblem problem;
    private final Placement placement;
    private final Rules rules;
    private final double[] weight;
    private final double[] gpuWeight;

    Construction(LayerProblem problem, Placement placement, Rules rules, double[] weight) {
        this.problem = problem;
        this.placement = placement;
        this.rules = rules;
        this.weight = weight;
        gpuWeight = new double[problem.gpus()];
    }

    /**
     * Fills the slots of the open nodes, which are emptied first, with the experts that may lie there.
     *
     * @param open whether a node is to be filled, {@code [nodes]}; all of them unless experts are pinned to nodes
     * @param everySlot whether experts take further replicas while there are slots
     * @return whether every expert found the replicas that the problem demands
     */
    boolean fill(boolean[] open, boolean everySlot) {
        for (int slot = 0; slot < placement.slots(); slot++) {
            if (open[problem.node()[placement.gpuOf[slot]]]) {
                rules.put(slot, Placement.EMPTY);
            }
        }
        int[] replicas = replicate(open, everySlot);
        int[] order = IntStream.range(0, weight.length).filter(e -> replicas[e] > 0).boxed()
                .sorted((a, b) -> Double.compare(weight[b] / replicas[b], weight[a] / replicas[a]))
                .mapToInt(Integer::intValue).toArray();
        boolean complete = true;
        for (int e : order) {
            for (int r = 0; r < replicas[e]; r++) {
                boolean must = r < problem.minReplicas()[e];
                complete &= place(e, weight[e] / replicas[e], must && problem.acrossNodes()) || !must;
            }
        }
        return complete && rules.kept();
    }

    /** The number of replicas of each expert of the open nodes, {@code [experts]}; 0 for the others. */
    private int[] replicate(boolean[] open, boolean everySlot) {
        int[] replicas = new int[weight.length];
        int[] spare = new int[open.length];
        int[] gpus = new int[open.length];
        for (int gpu = 0; gpu < problem.gpus(); gpu++) {
            int pool = pool(problem.node()[gpu]);
            boolean there = open[problem.node()[gpu]] && problem.capacity()[gpu] > 0;
            spare[pool] += there ? problem.capacity()[gpu] : 0;
            gpus[pool] += there ? 1 : 0;
        }
        for (int e = 0; e < weight.length; e++) {
            int pool = pool(rules.home[e]);
            if (open[pool]) {
                replicas[e] = problem.minReplicas()[e];
                spare[pool] -= replicas[e];
            }
        }
        for (int pool = 0; pool < open.length; pool++) {
            for (; everySlot && spare[pool] > 0; spare[pool]--) {
                int best = -1;
                for (int e = 0; e < weight.length; e++) {
                    if (replicas[e] > 0 && replicas[e] < gpus[pool] && pool(rules.home[e]) == pool
                            && (best < 0 || weight[e] * replicas[best] > weight[best] * replicas[e])) {
                        best = e;
                    }
                }
                if (best < 0) {
                    break;
                }
                replicas[best]++;
            }
        }
        return replicas;
    }

    /** Slots are shared within a node if experts are pinned to nodes, else among all. */
    private int pool(int node) {
        return problem.pinned() ? node : 0;
    }

    private boolean place(int expert, double share, boolean onNewNode) {
        int best = -1;
        for (int gpu = 0; gpu < problem.gpus(); gpu++) {
            if (placement.emptySlot(gpu) >= 0 && rules.mayHold(gpu, expert) && (!onNewNode || newNode(expert, gpu))
                    && (best < 0 || gpuWeight[gpu] < gpuWeight[best])) {
                best = gpu;
            }
        }
        if (best >= 0) {
            rules.put(placement.emptySlot(best), expert);
            gpuWeight[best] += share;
            return true;
        }
        return makeRoom(expert, share, onNewNode);
    }

    /** The GPUs with room cannot hold the expert: moves another one there from a GPU that can. */
    private boolean makeRoom(int expert, double share, boolean onNewNode) {
        for (int slot = 0; slot < placement.slots(); slot++) {
            int gpu = placement.gpuOf[slot];
            int other = placement.expert[slot];
            if (other < 0 || !rules.mayHold(gpu, expert) || (onNewNode && !newNode(expert, gpu))) {
                continue;
            }
            for (int room = 0; room < problem.gpus(); room++) {
                int empty = placement.emptySlot(room);
                if (empty >= 0 && rules.mayHold(room, other) && (!problem.acrossNodes()
                        || rules.nodesOf(other, gpu, room) >= Math.min(problem.minReplicas()[other],
                                rules.nodesOf(other, -1, -1)))) {
                    double moved = weight[other] / placement.replicas[other];
                    rules.put(slot, Placement.EMPTY);
                    rules.put(empty, other);
                    rules.put(slot, expert);
                    gpuWeight[room] += moved;
                    gpuWeight[gpu] += share - moved;
                    return true;
                }
            }
        }
        return false;
    }

    private boolean newNode(int expert, int gpu) {
        return Arrays.stream(placement.gpusOf[expert], 0, placement.replicas[expert])
                .noneMatch(held -> problem.node()[held] == problem.node()[gpu]);
    }
}
