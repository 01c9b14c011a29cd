package io.moeplan.eplb;

/**
 * One MoE layer's layout with its certificate.
 *
 * @param layer             the model's own number of the layer
 * @param physicalToLogical the logical expert in each slot, {@code [slots]}, GPU-major
 * @param balancedness      mean / max of the GPU loads under the window mean the plan was made on, even split
 * @param maxOverMean       max / mean of the same
 * @param lowerBound        no layout with this topology has a smaller max / mean
 * @param gap               {@code maxOverMean / lowerBound - 1}
 */
public record LayerPlan(int layer, int[] physicalToLogical, double balancedness, double maxOverMean, double lowerBound,
        double gap) {}
