package io.moeplan.eplb.search;

import java.util.Arrays;

/** Which changes of a placement keep a {@link LayerProblem}'s rules. Follows the placement through {@link #put}. */
final class Rules {
    private final LayerProblem problem;
    private final Placement placement;
    /** The node that an expert is pinned to, or -1, {@code [experts]}. */
    final int[] home;
    /** Whether a GPU held an expert in the current layout, {@code [gpus][experts]}; null without one. */
    private final boolean[][] heldAtStart;
    /** Replicas on a GPU that did not hold the expert at the start. */
    private int moves;

    Rules(LayerProblem problem, Placement placement) {
        this.problem = problem;
        this.placement = placement;
        home = new int[problem.experts()];
        Arrays.fill(home, -1);
        heldAtStart = problem.start() == null ? null : new boolean[problem.gpus()][problem.experts()];
        for (int slot = 0; heldAtStart != null && slot < placement.slots(); slot++) {
            if (problem.start()[slot] >= 0) {
                heldAtStart[placement.gpuOf[slot]][problem.start()[slot]] = true;
            }
        }
    }

    /** Changes a slot. */
    void put(int slot, int expert) {
        int gpu = placement.gpuOf[slot];
        moves += isMove(expert, gpu) - isMove(placement.expert[slot], gpu);
        placement.put(slot, expert);
    }

    boolean maySwap(int slot, int other) {
        int g = placement.gpuOf[slot];
        int h = placement.gpuOf[other];
        int e = placement.expert[slot];
        int f = placement.expert[other];
        if (g == h || e == f || !mayHold(h, e) || !mayHold(g, f)) {
            return false;
        }
        if (heldAtStart != null
                && moves + isMove(e, h) + isMove(f, g) - isMove(e, g) - isMove(f, h) > problem.maxMoves()) {
            return false;
        }
        return !problem.acrossNodes() || problem.node()[g] == problem.node()[h]
                || (staysSpread(e, g, h) && staysSpread(f, h, g));
    }

    /** Whether what a slot holds may leave it for another expert, or for nothing. */
    boolean mayLift(int slot) {
        int e = placement.expert[slot];
        return e < 0 || (placement.replicas[e] > problem.minReplicas()[e]
                && (!problem.acrossNodes() || staysSpread(e, placement.gpuOf[slot], -1)));
    }

    /** Whether a slot whose expert may be lifted may hold this expert instead (-1: stay empty). */
    boolean mayTake(int slot, int expert) {
        int g = placement.gpuOf[slot];
        int old = placement.expert[slot];
        if (old == expert || !mayHold(g, expert) || (expert < 0 && !problem.mayBeEmpty())) {
            return false;
        }
        return heldAtStart == null || moves + isMove(expert, g) - isMove(old, g) <= problem.maxMoves();
    }

    /** Whether a GPU may hold an expert that it does not hold yet. */
    boolean mayHold(int gpu, int expert) {
        return expert < 0
                || (!placement.holds(gpu, expert) && (home[expert] < 0 || home[expert] == problem.node()[gpu]));
    }

    /** Whether the whole placement keeps the rules. */
    boolean kept() {
        for (int e = 0; e < home.length; e++) {
            if (placement.replicas[e] < problem.minReplicas()[e]
                    || (problem.acrossNodes() && nodesOf(e, -1, -1) < problem.minReplicas()[e])) {
                return false;
            }
            for (int i = 0; i < placement.replicas[e]; i++) {
                if (home[e] >= 0 && problem.node()[placement.gpusOf[e][i]] != home[e]) {
                    return false;
                }
            }
        }
        return heldAtStart == null || moves <= problem.maxMoves();
    }

    private boolean staysSpread(int expert, int from, int to) {
        return expert < 0 || nodesOf(expert, from, to) >= problem.minReplicas()[expert];
    }

    /** Nodes that hold an expert once its replica has gone from one GPU to another (-1: none). */
    int nodesOf(int expert, int from, int to) {
        boolean[] seen = new boolean[problem.nodes()];
        int count = 0;
        for (int i = 0; i < placement.replicas[expert]; i++) {
            int gpu = placement.gpusOf[expert][i] == from ? to : placement.gpusOf[expert][i];
            if (gpu >= 0 && !seen[problem.node()[gpu]]) {
                seen[problem.node()[gpu]] = true;
                count++;
            }
        }
        return count;
    }

    private int isMove(int expert, int gpu) {
        return heldAtStart == null || expert < 0 || heldAtStart[gpu][expert] ? 0 : 1;
    }
}
