package io.moeplan.statistics;

import java.util.List;
import java.util.function.ToDoubleFunction;
import org.apache.commons.math3.stat.descriptive.SummaryStatistics;

/**
 * The figures of {@link LayerSkew} over all MoE layers that have load (all of them if none has), every layer counting
 * the same.
 *
 * @param emptyLayers     layers without load, which the ranges leave out
 * @param mostSkewedLayer the model's own number of the layer with the largest {@code cv}, the first of equals; -1 if the
 *                        model has no MoE layer
 */
public record SkewSummary(int emptyLayers, int mostSkewedLayer, Range cv, Range maxOverMean, Range gini, Range entropy,
        Range normalisedEntropy, Range dead, Range nearDead, Range topShare) {
    /** Mean, smallest and largest over layers; all 0 if there is no layer. */
    public record Range(double mean, double min, double max) {}

    static SkewSummary of(List<LayerSkew> all) {
        List<LayerSkew> loaded = all.stream().filter(layer -> layer.routed() > 0).toList();
        List<LayerSkew> layers = loaded.isEmpty() ? all : loaded;
        int mostSkewed = -1;
        double largest = Double.NEGATIVE_INFINITY;
        for (LayerSkew layer : layers) {
            if (layer.cv() > largest) {
                largest = layer.cv();
                mostSkewed = layer.layer();
            }
        }
        return new SkewSummary(all.size() - loaded.size(), mostSkewed, range(layers, LayerSkew::cv),
                range(layers, LayerSkew::maxOverMean), range(layers, LayerSkew::gini),
                range(layers, LayerSkew::entropy), range(layers, LayerSkew::normalisedEntropy),
                range(layers, LayerSkew::dead), range(layers, LayerSkew::nearDead), range(layers, LayerSkew::topShare));
    }

    private static Range range(List<LayerSkew> layers, ToDoubleFunction<LayerSkew> figure) {
        if (layers.isEmpty()) {
            return new Range(0, 0, 0);
        }
        SummaryStatistics seen = new SummaryStatistics();
        layers.forEach(layer -> seen.addValue(figure.applyAsDouble(layer)));
        return new Range(seen.getMean(), seen.getMin(), seen.getMax());
    }
}
