package io.moeplan.eplb.planner;

import io.moeplan.eplb.Bound;
import io.moeplan.eplb.LayerPlan;
import io.moeplan.eplb.Layout;
import io.moeplan.eplb.LayoutCheck;
import io.moeplan.eplb.LoadTrace;
import io.moeplan.eplb.Plan;
import io.moeplan.eplb.PlanProblem;
import io.moeplan.eplb.Requirements;
import io.moeplan.eplb.Topology;
import io.moeplan.eplb.dispatch.EvenSplit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/** Makes plans: runs a planner on a trace and certifies what it laid out. */
public final class Planning {
    private Planning() {}

    /**
     * Plans every MoE layer of a trace.
     *
     * @param model  the model the trace was recorded from
     * @param digest the recording's workload digest
     * @throws IllegalArgumentException if the trace has no steps or another number of experts than the problem, or the
     *                                  planner cannot do what the problem asks for
     */
    public static Plan plan(PlanProblem problem, LoadTrace trace, Planner planner, Plan.Model model, String digest) {
        if (trace.experts() != problem.experts()) {
            throw new IllegalArgumentException("the recording has " + trace.experts()
                    + " experts per layer, the plan is for " + problem.experts());
        }
        return plan(Collections.nCopies(trace.layers(), problem), problem.topology(), trace, planner, model, digest);
    }

    /**
     * Plans every MoE layer of a trace with slots divided over the layers by {@link LayerBudgets}.
     *
     * @throws IllegalArgumentException as the other one does
     */
    public static Plan planWithLayerBudgets(PlanProblem problem, LoadTrace trace, Planner planner, Plan.Model model,
            String digest) {
        List<PlanProblem> problems = Arrays.stream(LayerBudgets.slotsPerGpu(problem, trace))
                .mapToObj(problem::withSlotsPerGpu).toList();
        return plan(problems, problem.topology(), trace, planner, model, digest);
    }

    private static Plan plan(List<PlanProblem> problems, Topology topology, LoadTrace trace, Planner planner,
            Plan.Model model, String digest) {
        if (trace.steps().isEmpty()) {
            throw new IllegalArgumentException("the recording has no steps to plan on");
        }
        Planner.Outcome outcome = planner.outcome(problems, trace);
        int[][] maps = outcome.maps();
        List<LayerPlan> layers = new ArrayList<>();
        Requirements kept = planner.keeps(problems.getFirst().requirements());
        for (int layer = 0; layer < maps.length; layer++) {
            PlanProblem problem = problems.get(layer).with(kept);
            layers.add(certify(problem, trace.layerId(layer), maps[layer], trace.totals(layer)));
        }
        Plan.Recording recording = new Plan.Recording(digest, trace.steps().size(), trace.tokens());
        Plan plan = new Plan(model, recording, topology, planner.name(), outcome.objective(), List.copyOf(layers),
                kept).withDispatch(planner.dispatch().name());
        boolean mend = problems.getFirst().requirements().distinct() && !kept.distinct();
        return mend ? DistinctReplicas.repair(plan, trace) : plan;
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
        LayoutCheck.find(problem.topology(), problem.experts(), problem.requirements(), map).ifPresent(fault -> {
            throw new IllegalArgumentException(fault.message());
        });
        double[] load = EvenSplit.gpuLoad(new Layout(problem.topology(), problem.experts(), map), totals);
        double mean = (double) Arrays.stream(totals).sum() / problem.presentGpus();
        if (mean == 0) {
            return new LayerPlan(layer, map, 1, 1, 1, 0, Optional.of(Bound.Term.MEAN));
        }
        // The maximum is never below the mean but for rounding in the sums.
        double maxOverMean = Math.max(1, Arrays.stream(load).max().orElseThrow() / mean);
        Bound bound = Bound.of(problem, totals);
        return new LayerPlan(layer, map, 1 / maxOverMean, maxOverMean, bound.maxOverMean(),
                Math.max(0, maxOverMean / bound.maxOverMean() - 1), Optional.of(bound.term()));
    }
}
