package io.moeplan.eplb.migration;

import io.moeplan.eplb.LayerPlan;
import io.moeplan.eplb.LoadTrace;
import io.moeplan.eplb.Plan;
import io.moeplan.eplb.PlanProblem;
import io.moeplan.eplb.Topology;
import io.moeplan.eplb.planner.ContiguousPlanner;
import io.moeplan.eplb.planner.DeepSeekPlanner;
import io.moeplan.eplb.planner.Planner;
import io.moeplan.eplb.planner.Planning;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/** Plans for tests. */
final class Plans {
    private Plans() {}

    static Plan deepSeek(PlanProblem problem, LoadTrace trace) {
        return plan(problem, trace, new DeepSeekPlanner());
    }

    static Plan contiguous(PlanProblem problem, LoadTrace trace) {
        return plan(problem, trace, new ContiguousPlanner());
    }

    private static Plan plan(PlanProblem problem, LoadTrace trace, Planner planner) {
        return Planning.plan(problem, trace, planner, new Plan.Model("m", "t", problem.experts(), 1, problem.groups()),
                "d");
    }

    /** A plan that keeps to all of a problem's requirements, fitted from the contiguous one; empty where that fails. */
    static Optional<Plan> any(PlanProblem problem, LoadTrace trace) {
        Plan start = contiguous(problem, trace);
        Topology topology = problem.topology();
        List<LayerPlan> layers = new ArrayList<>();
        for (int layer = 0; layer < trace.layers(); layer++) {
            long[] totals = trace.totals(layer);
            int[] groupNode = groupNodes(problem);
            Optional<int[]> map = Replicating.fromNothing(problem, totals, groupNode);
            if (map.isEmpty() || !LayoutFit.serves(problem, map.get())) {
                return Optional.empty();
            }
            layers.add(Planning.certify(problem, trace.layerId(layer), map.get(), totals));
        }
        return Optional.of(new Plan(start.model(), start.recording(), topology, "any", "none", layers,
                problem.requirements()));
    }

    private static int[] groupNodes(PlanProblem problem) {
        int[] present = IntStream.range(0, problem.topology().nodes()).filter(n -> problem.presentGpus(n) > 0)
                .toArray();
        return IntStream.range(0, problem.groups()).map(group -> present[group % present.length]).toArray();
    }
}
