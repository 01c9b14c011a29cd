package io.moeplan.eplb.migration;

import io.moeplan.eplb.Layout;
import io.moeplan.eplb.PlanProblem;
import io.moeplan.eplb.Topology;
import java.util.Arrays;
import java.util.Optional;

/**
 * Makes a layout that is loaded now into one of another problem with few moves: GPUs that are gone lose their experts, slots
 * that are new get some, experts left without a replica get one back. No second replica of an expert is kept on a GPU.
 */
final class Fitting {
    private final PlanProblem problem;
    private final Topology topology;
    private final long[] totals;
    private final int[] map;
    private final int[] replicas;
    private final boolean[][] held;
    private final int[] filled;
    /** The node of each group where groups are pinned, {@code [groups]}. */
    private final int[] nodeOf;

    private Fitting(PlanProblem problem, long[] totals) {
        this.problem = problem;
        this.topology = problem.topology();
        this.totals = totals;
        map = new int[topology.slots()];
        Arrays.fill(map, Layout.EMPTY);
        replicas = new int[problem.experts()];
        held = new boolean[topology.gpus()][problem.experts()];
        filled = new int[topology.gpus()];
        nodeOf = new int[problem.groups()];
    }

    /**
     * Fits a layout.
     *
     * @param from    the topology of {@code current}: the same GPUs, perhaps with another number of slots
     * @param current the logical expert in each slot, {@code [slots]}, -1 in empty ones
     * @return empty if it cannot be fitted with whole groups on the nodes where they mostly are
     */
    static Optional<int[]> fit(PlanProblem problem, Topology from, int[] current, long[] totals) {
        Fitting fitting = new Fitting(problem, totals);
        fitting.findNodes(from, current);
        fitting.keep(from, current);
        boolean fits = fitting.placeMissing() && fitting.fill() && fitting.drop();
        return fits ? Optional.of(fitting.map) : Optional.empty();
    }

    /** A group belongs to the present node that holds most of its slots. */
    private void findNodes(Topology from, int[] current) {
        int[][] held = new int[problem.groups()][topology.nodes()];
        for (int slot = 0; slot < current.length; slot++) {
            int gpu = from.gpuOf(slot);
            if (current[slot] != Layout.EMPTY && problem.present(gpu)) {
                held[problem.groupOf(current[slot])][from.nodeOf(gpu)]++;
            }
        }
        for (int group = 0; group < nodeOf.length; group++) {
            for (int node = 1; node < topology.nodes(); node++) {
                nodeOf[group] = held[group][node] > held[group][nodeOf[group]] ? node : nodeOf[group];
            }
        }
    }

    private void keep(Topology from, int[] current) {
        for (int gpu = 0; gpu < topology.gpus(); gpu++) {
            int[] old = Arrays.copyOfRange(current, gpu * from.slotsPerGpu(), (gpu + 1) * from.slotsPerGpu());
            // Positions that still exist first, then what has to change its position.
            for (int i = 0; i < Math.min(old.length, topology.slotsPerGpu()); i++) {
                put(gpu, i, old[i]);
            }
            for (int i = topology.slotsPerGpu(); i < old.length; i++) {
                int position = freePosition(gpu);
                if (position >= 0) {
                    put(gpu, position, old[i]);
                }
            }
        }
    }

    private boolean put(int gpu, int position, int expert) {
        if (expert == Layout.EMPTY || !mayLie(expert, gpu)) {
            return false;
        }
        map[gpu * topology.slotsPerGpu() + position] = expert;
        held[gpu][expert] = true;
        replicas[expert]++;
        filled[gpu]++;
        return true;
    }

    private boolean mayLie(int expert, int gpu) {
        return problem.present(gpu) && !held[gpu][expert]
                && (!problem.hierarchical() || nodeOf[problem.groupOf(expert)] == topology.nodeOf(gpu));
    }

    private int freePosition(int gpu) {
        for (int i = 0; i < topology.slotsPerGpu(); i++) {
            if (map[gpu * topology.slotsPerGpu() + i] == Layout.EMPTY) {
                return i;
            }
        }
        return -1;
    }

    private boolean placeMissing() {
        for (int e = 0; e < replicas.length; e++) {
            if (replicas[e] == 0 && !placeOnEmptiest(e) && !placeForSpare(e)) {
                return false;
            }
        }
        return true;
    }

    private boolean placeOnEmptiest(int expert) {
        int best = -1;
        for (int gpu = 0; gpu < filled.length; gpu++) {
            if (mayLie(expert, gpu) && filled[gpu] < topology.slotsPerGpu()
                    && (best < 0 || filled[gpu] < filled[best])) {
                best = gpu;
            }
        }
        return best >= 0 && put(best, freePosition(best), expert);
    }

    /** In the slot with the smallest share whose expert has another replica. */
    private boolean placeForSpare(int expert) {
        int best = -1;
        for (int slot = 0; slot < map.length; slot++) {
            int old = map[slot];
            if (old != Layout.EMPTY && replicas[old] > 1 && mayLie(expert, topology.gpuOf(slot))
                    && (best < 0 || share(old) < share(map[best]))) {
                best = slot;
            }
        }
        if (best < 0) {
            return false;
        }
        clear(best);
        return put(topology.gpuOf(best), best % topology.slotsPerGpu(), expert);
    }

    private void clear(int slot) {
        int gpu = topology.gpuOf(slot);
        held[gpu][map[slot]] = false;
        replicas[map[slot]]--;
        filled[gpu]--;
        map[slot] = Layout.EMPTY;
    }

    private double share(int expert) {
        return (double) totals[expert] / replicas[expert];
    }

    /** Gives every GPU an expert and then fills the emptiest, each time with the largest share that it lacks. */
    private boolean fill() {
        boolean[] done = new boolean[filled.length];
        int total = Arrays.stream(filled).sum();
        while (true) {
            int emptiest = -1;
            for (int gpu = 0; gpu < filled.length; gpu++) {
                boolean open = problem.present(gpu) && !done[gpu] && filled[gpu] < topology.slotsPerGpu();
                emptiest = open && (emptiest < 0 || filled[gpu] < filled[emptiest]) ? gpu : emptiest;
            }
            boolean enough = total >= problem.filledSlots() && (emptiest < 0 || filled[emptiest] > 0);
            if (enough) {
                return true;
            }
            if (emptiest < 0) {
                return false;
            }
            int expert = largestLacking(emptiest);
            if (expert < 0) {
                done[emptiest] = true;
            } else {
                put(emptiest, freePosition(emptiest), expert);
                total++;
            }
        }
    }

    private int largestLacking(int gpu) {
        int best = -1;
        for (int e = 0; e < replicas.length; e++) {
            best = mayLie(e, gpu) && (best < 0 || share(e) > share(best)) ? e : best;
        }
        return best;
    }

    /** Empties the slots with the smallest shares that the problem does not fill. */
    private boolean drop() {
        int total = Arrays.stream(filled).sum();
        while (total > problem.filledSlots()) {
            int best = -1;
            for (int slot = 0; slot < map.length; slot++) {
                int e = map[slot];
                if (e != Layout.EMPTY && replicas[e] > 1 && filled[topology.gpuOf(slot)] > 1
                        && (best < 0 || share(e) < share(map[best]))) {
                    best = slot;
                }
            }
            if (best < 0) {
                return false;
            }
            clear(best);
            total--;
        }
        return true;
    }
}
