package io.moeplan.report;

import io.moeplan.eplb.LayerPlan;
import io.moeplan.eplb.Plan;
import io.moeplan.eplb.judge.LayoutBalance;
import io.moeplan.eplb.judge.SimulationResult;
import io.moeplan.eplb.judge.Verdict;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A plan, what replaying it over the recording gave, and whether it is worth loading.
 *
 * @param origin where the judged steps come from, a line for people; empty if they are the recording's own
 */
public record PlanReport(Plan plan, SimulationResult simulation, Verdict verdict, String origin) {
    /** Judged on the recording's own steps. */
    public PlanReport(Plan plan, SimulationResult simulation, Verdict verdict) {
        this(plan, simulation, verdict, "");
    }

    /**
     * @throws IllegalArgumentException if plan and simulation are not about the same number of layers
     */
    public PlanReport {
        requireLayers(plan, simulation.before());
        requireLayers(plan, simulation.after());
    }

    private static void requireLayers(Plan plan, LayoutBalance judged) {
        int layers = plan.layers().size();
        if (judged.layers().size() != layers || judged.gpuLoad().length != layers) {
            throw new IllegalArgumentException("the plan has " + layers + " layers, but " + judged.layers().size()
                    + " were judged for layout " + judged.layout() + ": simulate the plan it belongs to");
        }
    }

    /** The certificate of every layer beside what it was judged to be before and after, {@code [layers]}. */
    List<Layer> layers() {
        return IntStream.range(0, plan.layers().size()).mapToObj(layer -> new Layer(plan.layers().get(layer),
                simulation.before().layers().get(layer).weighted(), simulation.after().layers().get(layer).weighted(),
                simulation.before().layers().get(layer).p99(), simulation.after().layers().get(layer).p99())).toList();
    }

    /**
     * One layer, planned and judged.
     *
     * @param before    max / mean of the contiguous layout over the judged steps, weighted by tokens
     * @param after     the plan's
     * @param beforeP99 99th percentile over steps of the contiguous layout's max / mean
     * @param afterP99  the plan's
     */
    record Layer(LayerPlan plan, double before, double after, double beforeP99, double afterP99) {}
}
