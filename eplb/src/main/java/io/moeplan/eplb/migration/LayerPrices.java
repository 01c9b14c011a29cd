package io.moeplan.eplb.migration;

import io.moeplan.eplb.LoadTrace;
import io.moeplan.eplb.PlanProblem;
import io.moeplan.eplb.search.GpuLoads;
import io.moeplan.eplb.search.MeanLoads;
import io.moeplan.eplb.search.Objective;
import io.moeplan.eplb.search.PricedLayout;
import io.moeplan.eplb.search.Split;
import java.util.Arrays;

/** How one layer's layouts are judged while they are changed: by what the plan was made for, on the steps it was made on. */
final class LayerPrices {
    private final PlanProblem problem;
    private final GpuLoads loads;

    /**
     * @param objective what the plan minimises
     * @param trace     the steps it was made on
     * @param layer     index in the trace
     */
    LayerPrices(PlanProblem problem, Objective objective, LoadTrace trace, int layer) {
        this.problem = problem;
        int gpus = problem.presentGpus();
        loads = objective.loads(objective.load(counts(trace, layer), gpus, layer), gpus, new Split.Even());
    }

    /** Without steps in which the layer got no token, {@code [steps][experts]}; never empty. */
    private static int[][] counts(LoadTrace trace, int layer) {
        int experts = trace.experts();
        int[][] counts = trace.steps().stream()
                .map(step -> Arrays.copyOfRange(step.counts(), layer * experts, (layer + 1) * experts))
                .filter(row -> Arrays.stream(row).anyMatch(count -> count > 0)).toArray(int[][]::new);
        int[] even = new int[experts];
        Arrays.fill(even, 1);
        return counts.length > 0 ? counts : new int[][]{even};
    }

    /** Prices of changes of a layout, {@code [slots]}; those of any layout before are no longer valid. */
    PricedLayout of(int[] map) {
        return new PricedLayout(loads, problem.topology().gpus(), map);
    }

    /** Whether it is the window mean alone that counts, so that the fullest GPU is the same in all steps. */
    boolean meanOnly() {
        return loads instanceof MeanLoads;
    }
}
