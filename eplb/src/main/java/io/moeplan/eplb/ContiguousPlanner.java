package io.moeplan.eplb;

/**
 * The layout an engine uses when it is given none: slot {@code i} holds expert {@code i}, the slots beyond hold experts
 * 0, 1, … again (as vLLM and SGLang start).
 */
public record ContiguousPlanner() implements Planner {
    public static final String NAME = "contiguous";

    @Override
    public String name() {
        return NAME;
    }

    /** Nothing is minimised. */
    @Override
    public String objective() {
        return "none";
    }

    @Override
    public int[][] plan(PlanProblem problem, LoadTrace trace) {
        int[][] layers = new int[trace.layers()][];
        for (int layer = 0; layer < layers.length; layer++) {
            layers[layer] = layout(problem.experts(), problem.topology().slots());
        }
        return layers;
    }

    /** The logical expert in each slot, {@code [slots]}. */
    public static int[] layout(int experts, int slots) {
        int[] map = new int[slots];
        for (int slot = 0; slot < slots; slot++) {
            map[slot] = slot % experts;
        }
        return map;
    }
}
