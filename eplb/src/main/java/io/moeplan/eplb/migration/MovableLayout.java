package io.moeplan.eplb.migration;

import io.moeplan.eplb.Bound;
import io.moeplan.eplb.Layout;
import io.moeplan.eplb.PlanProblem;
import io.moeplan.eplb.Topology;
import io.moeplan.eplb.search.PricedLayout;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * One layer's layout that can be changed a little at a time: a slot given to another expert, or two slots swapped. Knows
 * what a change would do to the balance and to the number of expert moves, and which changes keep to the problem.
 *
 * <p>The balance is judged by the plan's own objective ({@link LayerPrices}). All of them see GPUs that are nearly as full
 * as the fullest, so that two equally full GPUs can be relieved one after the other.
 */
final class MovableLayout {
    /** A change; {@code other} is the slot to swap with, or -1 if {@code slot} is given to {@code expert}. */
    record Change(int slot, int other, int expert, double gain, int moves) {}

    /** An excess over the bound below this is not worth a move. */
    private static final double ENOUGH = 1.0005;

    private final PlanProblem problem;
    private final Topology topology;
    private final double[] weight;
    private final PricedLayout prices;
    private final boolean meanOnly;
    private final double enough;
    private final int[] map;
    private final int[] replicas;
    /** How often each GPU and node holds each expert now, and each GPU did at first. */
    private final int[][] held;
    private final int[][] nodeHeld;
    private final int[][] before;
    /** How many GPUs and nodes hold each expert, {@code [experts]}. */
    private final int[] gpusHolding;
    private final int[] nodesHolding;

    /**
     * @param map    a layout that fills the problem's slots, {@code [slots]}
     * @param totals tokens of each expert, {@code [experts]}
     * @param before how often each GPU holds each expert before any move, {@code [gpus][experts]}
     * @param prices judges this layout and none made later
     */
    MovableLayout(PlanProblem problem, int[] map, long[] totals, int[][] before, LayerPrices prices) {
        this.problem = problem;
        this.topology = problem.topology();
        this.map = map.clone();
        this.before = before;
        int experts = problem.experts();
        weight = Arrays.stream(totals).asDoubleStream().toArray();
        this.prices = prices.of(map);
        meanOnly = prices.meanOnly();
        enough = meanOnly ? Bound.of(problem, totals).maxOverMean() * ENOUGH : 0;
        replicas = new int[experts];
        held = new int[topology.gpus()][experts];
        nodeHeld = new int[topology.nodes()][experts];
        gpusHolding = new int[experts];
        nodesHolding = new int[experts];
        for (int slot = 0; slot < map.length; slot++) {
            enter(slot, map[slot]);
        }
    }

    int[] map() {
        return map.clone();
    }

    int slots() {
        return map.length;
    }

    int expert(int slot) {
        return map[slot];
    }

    int gpu(int slot) {
        return topology.gpuOf(slot);
    }

    /** The tokens that one of its replicas would have if an expert had one more. */
    double nextShare(int expert) {
        return weight[expert] / (replicas[expert] + 1);
    }

    double weight(int expert) {
        return weight[expert];
    }

    /** What the plan's objective makes of the layout: about the fullest GPU's load over the mean. */
    double cost() {
        return prices.cost();
    }

    /** Whether no layout could have a fullest GPU that is noticeably emptier; only the window mean can tell. */
    boolean good() {
        return cost() <= enough;
    }

    boolean meanOnly() {
        return meanOnly;
    }

    /** The GPUs, first the one that contributes most to the cost. */
    int[] fullestFirst() {
        return IntStream.range(0, topology.gpus()).boxed()
                .sorted(Comparator.comparingDouble((Integer gpu) -> prices.share(gpu)).reversed())
                .mapToInt(Integer::intValue).toArray();
    }

    /** Expert moves since the beginning. */
    int moves() {
        int moves = 0;
        for (int gpu = 0; gpu < held.length; gpu++) {
            for (int e = 0; e < weight.length; e++) {
                moves += Math.max(0, held[gpu][e] - before[gpu][e]);
            }
        }
        return moves;
    }

    /** Whether an expert outlives the losses that the problem names. */
    boolean survives(int expert) {
        return gpusHolding[expert] > problem.requirements().lostGpus()
                && nodesHolding[expert] > problem.requirements().lostNodes();
    }

    boolean allSurvive() {
        for (int e = 0; e < weight.length; e++) {
            if (!survives(e)) {
                return false;
            }
        }
        return true;
    }

    /** Whether a replica in this slot would bring an expert to a GPU or node that it lacks and needs. */
    boolean helps(int expert, int slot) {
        int gpu = gpu(slot);
        boolean nodeNeeded = nodesHolding[expert] <= problem.requirements().lostNodes();
        return held[gpu][expert] == 0 && (!nodeNeeded || nodeHeld[topology.nodeOf(gpu)][expert] == 0);
    }

    /** What giving a slot that holds an expert to another one would do; empty if the problem forbids it. */
    Optional<Change> give(int slot, int expert) {
        int gpu = gpu(slot);
        int old = map[slot];
        if (old == Layout.EMPTY || held[gpu][expert] > 0 || replicas[old] < 2 || !mayLie(expert, gpu)
                || !canSpare(old, gpu)) {
            return Optional.empty();
        }
        return Optional.of(new Change(slot, -1, expert, prices.giveGain(slot, expert), cost(gpu, old, expert)));
    }

    /** What swapping two slots would do; empty if it changes nothing or the problem forbids it. */
    Optional<Change> swap(int slot, int other) {
        int gpu = gpu(slot);
        int otherGpu = gpu(other);
        int expert = map[slot];
        int otherExpert = map[other];
        if (gpu == otherGpu || expert == otherExpert || !mayMove(expert, gpu, otherGpu)
                || !mayMove(otherExpert, otherGpu, gpu) || emptied(expert, otherExpert, gpu)
                || emptied(otherExpert, expert, otherGpu)) {
            return Optional.empty();
        }
        int moves = cost(gpu, expert, otherExpert) + cost(otherGpu, otherExpert, expert);
        return Optional.of(new Change(slot, other, Layout.EMPTY, prices.swapGain(slot, other), moves));
    }

    void apply(Change change) {
        if (change.other() < 0) {
            put(change.slot(), change.expert());
            prices.give(change.slot(), change.expert());
        } else {
            int expert = map[change.slot()];
            put(change.slot(), map[change.other()]);
            put(change.other(), expert);
            prices.swap(change.slot(), change.other());
        }
    }

    private void put(int slot, int expert) {
        leave(slot, map[slot]);
        map[slot] = expert;
        enter(slot, expert);
    }

    private void enter(int slot, int expert) {
        if (expert == Layout.EMPTY) {
            return;
        }
        int gpu = gpu(slot);
        gpusHolding[expert] += held[gpu][expert]++ == 0 ? 1 : 0;
        nodesHolding[expert] += nodeHeld[topology.nodeOf(gpu)][expert]++ == 0 ? 1 : 0;
        replicas[expert]++;
    }

    private void leave(int slot, int expert) {
        if (expert == Layout.EMPTY) {
            return;
        }
        int gpu = gpu(slot);
        gpusHolding[expert] -= --held[gpu][expert] == 0 ? 1 : 0;
        nodesHolding[expert] -= --nodeHeld[topology.nodeOf(gpu)][expert] == 0 ? 1 : 0;
        replicas[expert]--;
    }

    /** The tokens of one of an expert's replicas. */
    double share(int expert) {
        return expert == Layout.EMPTY ? 0 : weight[expert] / replicas[expert];
    }

    private boolean mayMove(int expert, int from, int to) {
        return expert == Layout.EMPTY
                ? problem.present(to)
                : held[to][expert] == 0 && problem.present(to) && mayLie(expert, to) && canMove(expert, from, to);
    }

    /** Whether a GPU that gives its only expert away for an empty slot would hold none. */
    private boolean emptied(int given, int got, int gpu) {
        if (got != Layout.EMPTY) {
            return false;
        }
        int first = gpu * topology.slotsPerGpu();
        return Arrays.stream(map, first, first + topology.slotsPerGpu()).filter(e -> e != Layout.EMPTY).count() < 2
                && given != Layout.EMPTY;
    }

    /** Where groups are pinned: only on the node that has the expert already. */
    private boolean mayLie(int expert, int gpu) {
        return problem.present(gpu) && (!problem.hierarchical() || nodeHeld[topology.nodeOf(gpu)][expert] > 0);
    }

    /** Whether an expert outlives the losses without its replica here, or at least as well as with it. */
    private boolean canSpare(int expert, int gpu) {
        int node = topology.nodeOf(gpu);
        boolean gpusLeft = held[gpu][expert] > 1 || gpusHolding[expert] > problem.requirements().lostGpus() + 1;
        boolean nodesLeft = nodeHeld[node][expert] > 1 || nodesHolding[expert] > problem.requirements().lostNodes() + 1;
        return gpusLeft && nodesLeft;
    }

    private boolean canMove(int expert, int from, int to) {
        int node = topology.nodeOf(from);
        int toNode = topology.nodeOf(to);
        boolean nodeLost = node != toNode && nodeHeld[node][expert] == 1 && nodeHeld[toNode][expert] > 0;
        return !nodeLost || nodesHolding[expert] > problem.requirements().lostNodes() + 1;
    }

    /** The expert moves that a GPU adds by having {@code in} for {@code out}; one undone counts -1. */
    private int cost(int gpu, int out, int in) {
        int cost = 0;
        if (in != Layout.EMPTY && held[gpu][in] >= before[gpu][in]) {
            cost++;
        }
        if (out != Layout.EMPTY && held[gpu][out] > before[gpu][out]) {
            cost--;
        }
        return cost;
    }
}
