package io.moeplan.eplb;

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
}
