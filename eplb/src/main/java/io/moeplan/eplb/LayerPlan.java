package io.moeplan.eplb;

import java.util.Optional;

/**
 * One MoE layer's layout with its certificate.
 *
 * @param layer             the model's own number of the layer
 * @param physicalToLogical the logical expert in each slot, {@code [slots]}, GPU-major; -1 in an empty slot. A layer may
 *                          have its own number of slots per GPU
 * @param balancedness      mean / max of the GPU loads under the window mean the plan was made on, even split
 * @param maxOverMean       max / mean of the same
 * @param lowerBound        no layout with this topology has a smaller max / mean
 * @param gap               {@code maxOverMean / lowerBound - 1}
 * @param boundTerm         which term gave the lower bound; empty if that was not written down
 */
public record LayerPlan(int layer, int[] physicalToLogical, double balancedness, double maxOverMean, double lowerBound,
        double gap, Optional<Bound.Term> boundTerm) {
    /** A layer of which is not known which term gave its lower bound. */
    public LayerPlan(int layer, int[] physicalToLogical, double balancedness, double maxOverMean, double lowerBound,
            double gap) {
        this(layer, physicalToLogical, balancedness, maxOverMean, lowerBound, gap, Optional.empty());
    }
}
