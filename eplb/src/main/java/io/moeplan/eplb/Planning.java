package io.moeplan.eplb;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Makes plans: runs a planner on a trace and certifies what it laid out. */
public final class Planning {
    private Planning() {}

    /**
     * Plans every MoE layer of a trace.
     *
     * @param model  the model the trace was recorded from
     * @param digest the recording's workload digest
     * @throws IllegalArgumentException if the trace has no tokens or another number of experts than the problem
     */
    public static Plan plan(PlanProblem problem, LoadTrace trace, Planner planner, Plan.Model model, String digest) {
        if (trace.experts() != problem.experts()) {
            throw new IllegalArgumentException("the recording has " + trace.experts()
                    + " experts per layer, the plan is for " + problem.experts());
        }
        if (trace.steps().isEmpty()) {
            throw new IllegalArgumentException("the recording has no steps to plan on");
        }
        int[][] maps = planner.plan(problem, trace);
        List<LayerPlan> layers = new ArrayList<>();
        for (int layer = 0; layer < maps.length; layer++) {
            layers.add(certify(problem, trace.layerId(layer), maps[layer], trace.totals(layer)));
        }
        Plan.Recording recording = new Plan.Recording(digest, trace.steps().size(), trace.tokens());
        return new Plan(model, recording, problem.topology(), planner.name(), planner.objective(), List.copyOf(layers));
    }

    /**
     * A layer's layout with its figures under even split.
     *
     * @param layer  the model's own number of the layer
     * @param map    the logical expert in each slot, {@code [slots]}
     * @param totals tokens of each expert over the window, {@code [experts]}; all zero makes every figure the even one
     * @throws IllegalArgumentException if the map is no layout of the problem
     */
    public static LayerPlan certify(PlanProblem problem, int layer, int[] map, long[] totals) {
        double[] load = EvenSplit.gpuLoad(new Layout(problem.topology(), problem.experts(), map), totals);
        double mean = (double) Arrays.stream(totals).sum() / load.length;
        if (mean == 0) {
            return new LayerPlan(layer, map, 1, 1, 1, 0);
        }
        // The maximum is never below the mean but for rounding in the sums.
        double maxOverMean = Math.max(1, Arrays.stream(load).max().orElseThrow() / mean);
        double bound = Bound.of(problem, totals).maxOverMean();
        return new LayerPlan(layer, map, 1 / maxOverMean, maxOverMean, bound, Math.max(0, maxOverMean / bound - 1));
    }
}
