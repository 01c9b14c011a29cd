package io.moeplan.eplb;

import java.util.function.ToDoubleFunction;

/**
 * A plan's certificates over its layers: each figure's mean and the worst layer's.
 *
 * @param worstBalancedness the smallest; the others' worst is the largest
 */
public record PlanSummary(double meanMaxOverMean, double worstMaxOverMean, double meanBalancedness,
        double worstBalancedness, double meanGap, double worstGap) {
    /** The summary of a plan that has at least one layer. */
    public static PlanSummary of(Plan plan) {
        return new PlanSummary(mean(plan, LayerPlan::maxOverMean), most(plan, LayerPlan::maxOverMean),
                mean(plan, LayerPlan::balancedness), -most(plan, layer -> -layer.balancedness()),
                mean(plan, LayerPlan::gap), most(plan, LayerPlan::gap));
    }

    private static double mean(Plan plan, ToDoubleFunction<LayerPlan> figure) {
        return plan.layers().stream().mapToDouble(figure).average().orElseThrow();
    }

    private static double most(Plan plan, ToDoubleFunction<LayerPlan> figure) {
        return plan.layers().stream().mapToDouble(figure).max().orElseThrow();
    }
}
