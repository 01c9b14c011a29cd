package io.moeplan.eplb.planner;

import io.moeplan.eplb.GroupPlacement;
import io.moeplan.eplb.Layout;
import io.moeplan.eplb.LoadTrace;
import io.moeplan.eplb.PlanProblem;
import io.moeplan.eplb.Requirements;

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
            layers[layer] = layout(problem);
        }
        return layers;
    }

    /** It looks neither at groups nor at what may be lost. */
    @Override
    public Requirements keeps(Requirements asked) {
        return asked.withGroups(GroupPlacement.FREE).surviving(0, 0);
    }

    /** The same over the slots that a problem fills: the logical expert in each slot, -1 in empty ones, {@code [slots]}. */
    public static int[] layout(PlanProblem problem) {
        return problem.inSlots(layout(problem.experts(), problem.filledSlots()));
    }

    /** The same over the slots that another layout fills, {@code [slots]}. */
    public static int[] inPlaceOf(int[] map, int experts) {
        int[] layout = map.clone();
        int next = 0;
        for (int slot = 0; slot < map.length; slot++) {
            if (map[slot] != Layout.EMPTY) {
                layout[slot] = next++ % experts;
            }
        }
        return layout;
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
