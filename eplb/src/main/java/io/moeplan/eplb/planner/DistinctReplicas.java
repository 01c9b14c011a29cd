package io.moeplan.eplb.planner;

import io.moeplan.eplb.GroupPlacement;
import io.moeplan.eplb.LayerPlan;
import io.moeplan.eplb.Layout;
import io.moeplan.eplb.LoadTrace;
import io.moeplan.eplb.Plan;
import io.moeplan.eplb.PlanProblem;
import io.moeplan.eplb.Requirements;
import io.moeplan.eplb.Topology;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Mends layouts in which a GPU holds an expert twice, which wastes a slot everywhere and which vllm-ascend refuses:
 * swaps slots between GPUs, within a node where that is possible, so that the fuller GPU of each swapped pair is as empty
 * as can be. An expert with more replicas than there are GPUs gives the surplus to the experts with the largest load per
 * replica.
 *
 * <p>Every swap lowers the number of surplus replicas: GPU {@code a} holds {@code e} twice, some GPU {@code b} does not
 * hold it, so {@code b} has more slots that are not {@code e} than {@code a} and thus an expert more often than
 * {@code a}; swapping that for {@code e} helps. So the search always ends with a layout without duplicates.
 */
public final class DistinctReplicas {
    private final Topology topology;
    private final int[] map;
    private final double[] weight;
    private final int[] replicas;
    /** How often each GPU holds each expert, {@code [gpus][experts]}. */
    private final int[][] held;

    private DistinctReplicas(Topology topology, int[] map, double[] weight) {
        this.topology = topology;
        this.map = map.clone();
        this.weight = weight;
        replicas = counts(map, weight.length);
        held = new int[topology.gpus()][weight.length];
        for (int slot = 0; slot < map.length; slot++) {
            held[topology.gpuOf(slot)][map[slot]]++;
        }
    }

    /** Whether some GPU holds an expert twice. */
    public static boolean neededFor(Topology topology, int experts, int[] map) {
        int[] lastGpu = new int[experts];
        for (int slot = 0; slot < map.length; slot++) {
            int gpu = topology.gpuOf(slot) + 1;
            if (map[slot] == Layout.EMPTY) {
                continue;
            }
            if (lastGpu[map[slot]] == gpu) {
                return true;
            }
            lastGpu[map[slot]] = gpu;
        }
        return false;
    }

    /**
     * Mends one layer's layout.
     *
     * @param map    the logical expert in each slot, {@code [slots]}; not changed
     * @param weight tokens of each expert, {@code [experts]}
     * @return the mended map, {@code [slots]}
     * @throws IllegalArgumentException if a GPU has more slots than there are experts, or something is to be mended and
     *                                  slots are empty
     */
    public static int[] repair(Topology topology, int[] map, double[] weight) {
        if (topology.slotsPerGpu() > weight.length) {
            throw new IllegalArgumentException(topology.slotsPerGpu() + " slots per GPU cannot hold "
                    + topology.slotsPerGpu() + " different of " + weight.length + " experts");
        }
        if (!neededFor(topology, weight.length, map)) {
            return map.clone();
        }
        if (Arrays.stream(map).anyMatch(expert -> expert == Layout.EMPTY)) {
            throw new IllegalArgumentException("the map has empty slots: only full maps can be mended");
        }
        DistinctReplicas repair = new DistinctReplicas(topology, map, weight);
        repair.giveSurplusAway();
        repair.spread();
        return repair.map;
    }

    /**
     * Mends one layer's layout without knowing the loads: an expert's load is taken to be its number of replicas, and among
     * equal swaps the one between like positions on the two GPUs is preferred, as planners fill GPUs heaviest first.
     */
    public static int[] repair(Topology topology, int experts, int[] map) {
        return repair(topology, map, Arrays.stream(counts(map, experts)).asDoubleStream().toArray());
    }

    /**
     * Mends a plan and certifies the layers anew; its algorithm is then called e.g. {@code deepseek+distinct}. Groups
     * pinned to nodes stay there, unless a node has fewer experts than a GPU slots: then the mended plan leaves groups free.
     *
     * @param trace what the plan was made on
     * @return the same plan, now required to hold experts once per GPU, if nothing was wrong with it
     * @throws IllegalArgumentException if the trace does not have the plan's layers
     */
    public static Plan repair(Plan plan, LoadTrace trace) {
        int experts = plan.model().experts();
        Requirements distinct = plan.requirements().withDistinct(true);
        if (plan.layers().stream().noneMatch(l -> neededFor(plan.topology(l), experts, l.physicalToLogical()))) {
            return distinct.equals(plan.requirements())
                    ? plan
                    : new Plan(plan.model(), plan.recording(), plan.topology(), plan.algorithm(), plan.objective(),
                            plan.layers(), distinct, plan.dispatch());
        }
        if (!Arrays.equals(trace.layerIds(), plan.layers().stream().mapToInt(LayerPlan::layer).toArray())) {
            throw new IllegalArgumentException("the recording has other MoE layers than the plan");
        }
        boolean pinned = distinct.groups() == GroupPlacement.PINNED
                && plan.layers().stream().allMatch(layer -> nodesSuffice(plan, layer));
        Requirements kept = pinned ? distinct : distinct.withGroups(GroupPlacement.FREE);
        List<LayerPlan> layers = new ArrayList<>();
        for (int layer = 0; layer < trace.layers(); layer++) {
            LayerPlan old = plan.layers().get(layer);
            Topology topology = plan.topology(old);
            long[] totals = trace.totals(layer);
            double[] weight = Arrays.stream(totals).asDoubleStream().toArray();
            int[] map = pinned
                    ? repairWithinNodes(topology, old.physicalToLogical(), weight)
                    : repair(topology, old.physicalToLogical(), weight);
            PlanProblem problem = new PlanProblem(topology, experts, plan.model().groups(), kept);
            layers.add(Planning.certify(problem, old.layer(), map, totals));
        }
        return new Plan(plan.model(), plan.recording(), plan.topology(), plan.algorithm() + "+distinct",
                plan.objective(), List.copyOf(layers), kept, plan.dispatch());
    }

    private static boolean nodesSuffice(Plan plan, LayerPlan layer) {
        Topology topology = plan.topology(layer);
        int nodeSlots = topology.gpusPerNode() * topology.slotsPerGpu();
        int[] map = layer.physicalToLogical();
        for (int from = 0; from < map.length; from += nodeSlots) {
            if (Arrays.stream(map, from, from + nodeSlots).distinct().count() < topology.slotsPerGpu()) {
                return false;
            }
        }
        return true;
    }

    /** Mends every node by itself, with the experts that it holds. */
    private static int[] repairWithinNodes(Topology topology, int[] map, double[] weight) {
        int nodeSlots = topology.gpusPerNode() * topology.slotsPerGpu();
        Topology node = new Topology(1, topology.gpusPerNode(), topology.slotsPerGpu());
        int[] mended = new int[map.length];
        for (int from = 0; from < map.length; from += nodeSlots) {
            int[] own = Arrays.stream(map, from, from + nodeSlots).distinct().sorted().toArray();
            int[] local = Arrays.stream(map, from, from + nodeSlots).map(e -> Arrays.binarySearch(own, e)).toArray();
            int[] fixed = repair(node, local, Arrays.stream(own).mapToDouble(e -> weight[e]).toArray());
            for (int slot = 0; slot < nodeSlots; slot++) {
                mended[from + slot] = own[fixed[slot]];
            }
        }
        return mended;
    }

    /** Experts with more replicas than GPUs lose some: no layout could spread them. */
    private void giveSurplusAway() {
        for (int slot = map.length - 1; slot >= 0; slot--) {
            int gpu = topology.gpuOf(slot);
            int expert = map[slot];
            if (replicas[expert] > topology.gpus() && held[gpu][expert] > 1) {
                put(slot, neediest(gpu));
            }
        }
    }

    /** The expert with the largest load per replica among those that may get one more, best one that the GPU lacks. */
    private int neediest(int gpu) {
        int best = -1;
        for (int e = 0; e < weight.length; e++) {
            if (replicas[e] < topology.gpus() && (best < 0 || needier(e, best, gpu))) {
                best = e;
            }
        }
        return best;
    }

    private boolean needier(int expert, int than, int gpu) {
        boolean lacks = held[gpu][expert] == 0;
        if (lacks != (held[gpu][than] == 0)) {
            return lacks;
        }
        return share(expert) > share(than);
    }

    private void spread() {
        for (int slot = map.length - 1; slot >= 0; slot--) {
            while (held[topology.gpuOf(slot)][map[slot]] > 1) {
                swap(slot, bestPartner(slot));
            }
        }
    }

    /** The slot to swap with: on the same node if possible, then the emptiest pair, then the likest position. */
    private int bestPartner(int slot) {
        double[] load = gpuLoads();
        int gpu = topology.gpuOf(slot);
        int expert = map[slot];
        int best = -1;
        double[] bestCost = null;
        for (int other = 0; other < map.length; other++) {
            int otherGpu = topology.gpuOf(other);
            int otherExpert = map[other];
            if (held[otherGpu][expert] > 0 || held[otherGpu][otherExpert] <= held[gpu][otherExpert]) {
                continue;
            }
            double moved = share(expert) - share(otherExpert);
            double[] cost = {topology.nodeOf(gpu) == topology.nodeOf(otherGpu) ? 0 : 1,
                Math.max(load[gpu] - moved, load[otherGpu] + moved),
                Math.abs(slot % topology.slotsPerGpu() - other % topology.slotsPerGpu())};
            if (bestCost == null || Arrays.compare(cost, bestCost) < 0) {
                best = other;
                bestCost = cost;
            }
        }
        return best;
    }

    private double[] gpuLoads() {
        double[] load = new double[topology.gpus()];
        for (int slot = 0; slot < map.length; slot++) {
            load[topology.gpuOf(slot)] += share(map[slot]);
        }
        return load;
    }

    private double share(int expert) {
        return weight[expert] / replicas[expert];
    }

    private void swap(int slot, int other) {
        int expert = map[slot];
        put(slot, map[other]);
        put(other, expert);
    }

    private void put(int slot, int expert) {
        int gpu = topology.gpuOf(slot);
        held[gpu][map[slot]]--;
        replicas[map[slot]]--;
        map[slot] = expert;
        held[gpu][expert]++;
        replicas[expert]++;
    }

    private static int[] counts(int[] map, int experts) {
        int[] count = new int[experts];
        for (int expert : map) {
            count[expert]++;
        }
        return count;
    }
}
