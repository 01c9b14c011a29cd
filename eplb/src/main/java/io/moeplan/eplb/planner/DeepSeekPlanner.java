package io.moeplan.eplb.planner;

import io.moeplan.eplb.ImpossiblePlanException;
import io.moeplan.eplb.LoadTrace;
import io.moeplan.eplb.PlanProblem;
import io.moeplan.eplb.Requirements;
import io.moeplan.eplb.Topology;

/**
 * DeepSeek's expert-parallelism load balancer, {@code rebalance_experts} of github.com/deepseek-ai/EPLB, to the bit:
 * float32 arithmetic in the reference's order; where the loads of different experts tie the lower index comes first. (The
 * reference leaves that to PyTorch's unstable sort, so it may lay out such experts the other way round. How that sort
 * orders the replicas of one expert, which always tie, is reproduced in {@link #rebalanceExperts}.) Group loads are summed in double and rounded once, which equals the reference
 * wherever its float32 sum is exact, so for totals below 2^24 tokens.
 *
 * <p>If the groups divide over the nodes, whole groups are packed onto nodes first and experts replicated within their
 * node (hierarchical); otherwise all GPUs are one pool (global). It may put two replicas of one expert on one GPU: see
 * {@link DistinctReplicas}.
 */
public record DeepSeekPlanner() implements Planner {
    public static final String NAME = "deepseek";

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public String objective() {
        return "mean";
    }

    @Override
    public int[][] plan(PlanProblem problem, LoadTrace trace) {
        problem.requireExpertsOf(trace);
        float[][] loads = new float[trace.layers()][problem.experts()];
        for (int layer = 0; layer < loads.length; layer++) {
            long[] totals = trace.totals(layer);
            for (int e = 0; e < totals.length; e++) {
                loads[layer][e] = (float) totals[e];
            }
        }
        return plan(problem, loads);
    }

    /**
     * Lays out every MoE layer.
     *
     * @param loads tokens of each expert, {@code [layers][experts]}
     * @return the logical expert in each slot, {@code [layers][slots]}
     * @throws IllegalArgumentException if a load is negative or not a number, or the problem has absent GPUs, empty slots
     *                                  or groups pinned unevenly
     */
    public int[][] plan(PlanProblem problem, float[][] loads) {
        Topology topology = problem.topology();
        Requirements requirements = problem.requirements();
        if (requirements.empty() > 0 || !requirements.absent().isEmpty()) {
            throw new ImpossiblePlanException("the reference planner " + NAME
                    + " fills every slot of every GPU: for absent GPUs or empty slots use --algorithm search");
        }
        boolean divides = problem.groups() % topology.nodes() == 0;
        if (problem.hierarchical() && !divides) {
            throw new ImpossiblePlanException(
                    "the reference planner " + NAME + " pins groups only where they divide over"
                            + " the nodes, not " + problem.groups() + " over " + topology.nodes()
                            + ": use --algorithm search, or leave groups free (--groups 1)");
        }
        if (problem.hierarchical() || topology.nodes() == 1) {
            return rebalance(loads, topology.slots(), problem.groups(), topology.nodes(), topology.gpus(), null);
        }
        return rebalance(loads, topology.slots(), 1, 1, topology.gpus(), null);
    }

    /** It may hold an expert twice on a GPU and looks at no losses. */
    @Override
    public Requirements keeps(Requirements asked) {
        return asked.withDistinct(false).surviving(0, 0);
    }

    /**
     * The reference's function with its own arguments and results.
     *
     * @param weight   tokens of each expert, {@code [layers][experts]}
     * @param replicas slots over all GPUs
     * @param groups   expert groups
     * @param gpus     GPUs over all nodes
     * @throws IllegalArgumentException if the slots do not divide over the GPUs or (hierarchical only) the experts not
     *                                  into the groups or the GPUs not over the nodes; if a weight is negative or not a
     *                                  number
     */
    public DeepSeekMaps rebalanceExperts(float[][] weight, int replicas, int groups, int nodes, int gpus) {
        int experts = weight.length == 0 ? 0 : weight[0].length;
        int[][] replica = new int[weight.length][replicas];
        int[][] map = rebalance(weight, replicas, groups, nodes, gpus, replica);
        return DeepSeekMaps.of(map, replica, experts);
    }

    private static int[][] rebalance(float[][] weight, int slots, int groups, int nodes, int gpus, int[][] replica) {
        boolean hierarchical = groups % nodes == 0;
        int[][] map = new int[weight.length][slots];
        if (weight.length == 0) {
            return map;
        }
        DeepSeekLayer layer = hierarchical
                ? new DeepSeekLayer(weight[0].length, slots, groups, nodes, gpus)
                : new DeepSeekLayer(weight[0].length, slots, 1, 1, gpus);
        for (int l = 0; l < weight.length; l++) {
            layer.rebalance(weight[l], map[l], replica == null ? null : replica[l]);
        }
        return map;
    }
}
