package io.moeplan.eplb.planner;

import io.moeplan.eplb.LoadTrace;
import io.moeplan.eplb.PlanProblem;
import io.moeplan.eplb.Requirements;
import io.moeplan.eplb.dispatch.Dispatch;
import io.moeplan.eplb.dispatch.EvenSplit;
import java.time.Duration;
import java.util.List;

/**
 * Decides which logical expert lies in which slot.
 *
 * <p>A planner sees the whole trace, so that one that plans on steps rather than on totals fits here too; its parameters
 * are its own record components. Look one up with {@link Planners#named}.
 */
public sealed interface Planner permits ContiguousPlanner, DeepSeekPlanner, TensorRtLlmPlanner, SearchPlanner {
    /** The name on the command line and in plan files. */
    String name();

    /** What the planner minimises, as plan files name it. */
    String objective();

    /**
     * Lays out every MoE layer.
     *
     * @return the logical expert in each slot, {@code [layers][slots]}, GPU-major; every expert at least once per layer
     * @throws IllegalArgumentException if the trace has another number of experts than the problem
     */
    int[][] plan(PlanProblem problem, LoadTrace trace);

    /**
     * Lays out every MoE layer, each with a problem of its own (see {@link LayerBudgets}).
     *
     * @param problems one for each layer, {@code [layers]}
     * @return the logical expert in each slot, {@code [layers][slots of the layer]}
     */
    default int[][] plan(List<PlanProblem> problems, LoadTrace trace) {
        if (problems.stream().distinct().count() == 1) {
            return plan(problems.getFirst(), trace);
        }
        int[][] maps = new int[problems.size()][];
        for (int layer = 0; layer < maps.length; layer++) {
            maps[layer] = plan(problems.get(layer), trace.layer(layer))[0];
        }
        return maps;
    }

    /**
     * What came of planning.
     *
     * @param maps      the logical expert in each slot, {@code [layers][slots of the layer]}
     * @param objective what was really minimised, as plan files name it
     */
    record Outcome(int[][] maps, String objective) {}

    /** {@link #plan(List, LoadTrace)} with what was really minimised, for planners that choose that by the trace. */
    default Outcome outcome(List<PlanProblem> problems, LoadTrace trace) {
        return new Outcome(plan(problems, trace), objective());
    }

    /** The dispatch rule that the planner has in mind; {@code even} for those that know no other. */
    default Dispatch dispatch() {
        return new EvenSplit();
    }

    /** The same planner for an engine with this dispatch rule; one that knows none but the even split is as it was. */
    default Planner under(Dispatch rule) {
        return this;
    }

    /**
     * The same planner with this much time for all layers together; one that needs no time to search is as it was.
     *
     * @param budget above zero
     */
    default Planner within(Duration budget) {
        return this;
    }

    /** What this planner keeps to of a problem's requirements; plans are certified and checked against that. */
    default Requirements keeps(Requirements asked) {
        return asked;
    }
}
