package io.moeplan.eplb.judge;

import io.moeplan.eplb.Layout;
import io.moeplan.eplb.LoadTrace;
import io.moeplan.eplb.Plan;
import io.moeplan.eplb.Topology;
import io.moeplan.eplb.dispatch.Dispatch;
import io.moeplan.eplb.dispatch.FixedChoice;
import io.moeplan.eplb.dispatch.LayerDispatch;
import io.moeplan.eplb.dispatch.LayerStep;
import io.moeplan.eplb.planner.ContiguousPlanner;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Replays the steps of a trace under a layout and measures how evenly the GPUs were loaded. */
public final class Simulation {
    private Simulation() {}

    /**
     * Replays a trace under a plan and under the engine's default layout of the same slots ({@link ContiguousPlanner}).
     *
     * @param trace   the steps to judge on
     * @param holdout which steps these are
     * @throws IllegalArgumentException if the plan is not for the layers and experts of the trace
     */
    public static SimulationResult run(LoadTrace trace, Plan plan, Dispatch dispatch, Holdout holdout) {
        return run(trace, SourceCounts.unknown(), plan, dispatch, holdout);
    }

    /**
     * The same where it is known which rank tokens come from.
     *
     * @throws IllegalArgumentException if the plan is not for the layers and experts of the trace, or the dispatch rule
     *                                  asks for sources and there are not as many as the plan has GPUs
     */
    public static SimulationResult run(LoadTrace trace, SourceCounts sources, Plan plan, Dispatch dispatch,
            Holdout holdout) {
        int[][] after = mapsFor(trace, plan);
        int[][] before = new int[after.length][];
        for (int layer = 0; layer < before.length; layer++) {
            before[layer] = ContiguousPlanner.inPlaceOf(after[layer], trace.experts());
        }
        return new SimulationResult(dispatch.name(), holdout,
                replay(trace, sources, plan.topology(), before, ContiguousPlanner.NAME, dispatch),
                replay(trace, sources, plan.topology(), after, plan.algorithm(), dispatch));
    }

    /**
     * Replays a trace under a plan and under the one that is loaded now.
     *
     * @param name what the result calls the layout before
     * @throws IllegalArgumentException if a plan is not for the layers and experts of the trace
     */
    public static SimulationResult against(LoadTrace trace, Plan current, String name, Plan plan, Dispatch dispatch,
            Holdout holdout) {
        return new SimulationResult(dispatch.name(), holdout,
                replay(trace, current.topology(), mapsFor(trace, current), name, dispatch),
                replay(trace, plan.topology(), mapsFor(trace, plan), plan.algorithm(), dispatch));
    }

    /**
     * Replays a trace under one layout. A layer without tokens in a step is left out of that step, a step without tokens
     * is left out altogether; percentiles are linear between the nearest ranks.
     *
     * @param maps the logical expert in each slot, {@code [layers][slots]}; each layer may have its own number of slots per
     *             GPU
     * @param name what the result calls the layout
     * @throws IllegalArgumentException if a map is no layout of the topology
     */
    public static LayoutBalance replay(LoadTrace trace, Topology topology, int[][] maps, String name,
            Dispatch dispatch) {
        return replay(trace, SourceCounts.unknown(), topology, maps, name, dispatch);
    }

    /**
     * The same where it is known which rank tokens come from.
     *
     * @throws IllegalArgumentException if a map is no layout of the topology, or the dispatch rule asks for sources and
     *                                  there are not as many as the topology has GPUs
     */
    public static LayoutBalance replay(LoadTrace trace, SourceCounts sources, Topology topology, int[][] maps,
            String name, Dispatch dispatch) {
        int layers = trace.layers();
        int steps = trace.steps().size();
        Layout[] layouts = new Layout[layers];
        LayerDispatch[] dispatches = new LayerDispatch[layers];
        BalanceMeter[] meters = new BalanceMeter[layers];
        for (int layer = 0; layer < layers; layer++) {
            layouts[layer] = layout(topology, trace.experts(), maps[layer]);
            dispatches[layer] = dispatch.on(layouts[layer]);
            meters[layer] = new BalanceMeter(steps);
        }
        BalanceMeter overall = new BalanceMeter(steps);
        double[][] sum = new double[layers][topology.gpus()];
        double[] load = new double[topology.gpus()];
        // Only a rule that tells sources apart is worth reading them for.
        int ranks = dispatch instanceof FixedChoice ? sources.ranks() : 0;
        int[][] bySource = new int[ranks][layers * trace.experts()];
        for (int s = 0; s < steps; s++) {
            LoadTrace.Step step = trace.steps().get(s);
            if (ranks > 0) {
                sources.read(s, bySource);
            }
            for (int layer = 0; layer < layers; layer++) {
                dispatches[layer].gpuLoad(
                        new LayerStep(step.id(), layer, step.counts(), layer * trace.experts(), bySource), load);
                double mean = sum(load) / layouts[layer].usedGpus();
                // Never below the mean but for rounding.
                double max = Math.max(mean, max(load));
                meters[layer].layer(mean, max);
                meters[layer].endStep();
                overall.layer(mean, max);
                add(load, sum[layer]);
            }
            overall.endStep();
        }
        divide(sum, Math.max(1, overall.steps()));
        List<Balance> perLayer = Arrays.stream(meters).map(BalanceMeter::balance).toList();
        return new LayoutBalance(name, overall.balance(), perLayer, sum, overall.stepSums());
    }

    /** A layer's layout; it may have its own number of slots per GPU. */
    private static Layout layout(Topology topology, int experts, int[] map) {
        boolean whole = map.length > 0 && map.length % topology.gpus() == 0;
        return new Layout(whole ? topology.withSlotsPerGpu(map.length / topology.gpus()) : topology, experts, map);
    }

    /** The plan's maps in the order of the trace's layers. */
    private static int[][] mapsFor(LoadTrace trace, Plan plan) {
        if (plan.model().experts() != trace.experts()) {
            throw new IllegalArgumentException("the plan is for " + plan.model().experts()
                    + " experts per layer, the recording has " + trace.experts());
        }
        Map<Integer, int[]> byLayer = new HashMap<>();
        plan.layers().forEach(layer -> byLayer.put(layer.layer(), layer.physicalToLogical()));
        List<int[]> maps = new ArrayList<>();
        for (int id : trace.layerIds()) {
            int[] map = byLayer.remove(id);
            if (map == null) {
                throw new IllegalArgumentException("the recording has MoE layer " + id + ", the plan does not");
            }
            maps.add(map);
        }
        byLayer.keySet().stream().sorted().findFirst().ifPresent(id -> {
            throw new IllegalArgumentException("the plan has MoE layer " + id + ", the recording does not");
        });
        return maps.toArray(int[][]::new);
    }

    private static double sum(double[] load) {
        double sum = 0;
        for (double l : load) {
            sum += l;
        }
        return sum;
    }

    private static double max(double[] load) {
        double max = 0;
        for (double l : load) {
            max = Math.max(max, l);
        }
        return max;
    }

    private static void add(double[] load, double[] sum) {
        for (int g = 0; g < load.length; g++) {
            sum[g] += load[g];
        }
    }

    private static void divide(double[][] sums, int by) {
        for (double[] row : sums) {
            for (int g = 0; g < row.length; g++) {
                row[g] /= by;
            }
        }
    }
}
