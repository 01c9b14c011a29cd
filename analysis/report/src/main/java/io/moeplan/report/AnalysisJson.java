package io.moeplan.report;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.moeplan.statistics.Analysis;
import io.moeplan.statistics.Drift;
import io.moeplan.statistics.LayerSkew;
import io.moeplan.statistics.SkewSummary;
import io.moeplan.statistics.TagDifference;

/** An analysis as JSON. */
final class AnalysisJson {
    private AnalysisJson() {}

    static ObjectNode node(Analysis analysis) {
        ObjectNode node = JsonReport.object().put("experts", analysis.experts()).put("tokens", analysis.tokens())
                .put("steps", analysis.steps());
        node.set("summary", summary(analysis.summary()));
        ArrayNode layers = node.putArray("layers");
        analysis.layers().forEach(layer -> layers.add(layer(layer)));
        ArrayNode tags = node.putArray("tags");
        analysis.tags().forEach(tag -> tags.add(tag(tag)));
        node.set("drift", drift(analysis.drift()));
        return node;
    }

    private static ObjectNode summary(SkewSummary summary) {
        ObjectNode node = JsonReport.object().put("empty_layers", summary.emptyLayers())
                .put("most_skewed_layer", summary.mostSkewedLayer());
        node.set("cv", range(summary.cv()));
        node.set("max_over_mean", range(summary.maxOverMean()));
        node.set("gini", range(summary.gini()));
        node.set("entropy_nats", range(summary.entropy()));
        node.set("entropy_normalised", range(summary.normalisedEntropy()));
        node.set("dead", range(summary.dead()));
        node.set("near_dead", range(summary.nearDead()));
        node.set("top_share", range(summary.topShare()));
        return node;
    }

    private static ObjectNode range(SkewSummary.Range range) {
        return JsonReport.object().put("mean", range.mean()).put("min", range.min()).put("max", range.max());
    }

    private static ObjectNode layer(LayerSkew layer) {
        ObjectNode node = JsonReport.object().put("layer", layer.layer()).put("routed", layer.routed())
                .put("cv", layer.cv()).put("max_over_mean", layer.maxOverMean()).put("gini", layer.gini())
                .put("entropy_nats", layer.entropy()).put("entropy_normalised", layer.normalisedEntropy())
                .put("dead", layer.dead()).put("near_dead", layer.nearDead()).put("top_experts", layer.topExperts())
                .put("top_share", layer.topShare());
        node.set("hottest", JsonArrays.of(layer.hottest()));
        return node;
    }

    private static ObjectNode tag(TagDifference tag) {
        ObjectNode node = JsonReport.object().put("tag", tag.tag()).put("routed", tag.routed())
                .put("mean_js_from_whole", tag.meanFromWhole()).put("mean_js_from_rest", tag.meanFromRest())
                .put("mean_js_noise", tag.meanNoise());
        node.set("js_from_whole", JsonArrays.of(tag.fromWhole()));
        node.set("js_from_rest", JsonArrays.of(tag.fromRest()));
        node.set("js_noise", JsonArrays.of(tag.noise()));
        return node;
    }

    private static ObjectNode drift(Drift drift) {
        return switch (drift) {
            case Drift.TooFewSteps few -> JsonReport.object().put("measured", false).put("steps", few.steps())
                    .put("needed_steps", Drift.NEEDED_STEPS);
            case Drift.Measured measured -> measured(measured);
        };
    }

    private static ObjectNode measured(Drift.Measured drift) {
        ObjectNode node = JsonReport.object().put("measured", true).put("steps", drift.steps())
                .put("skipped_last_step", drift.skippedLastStep()).put("chance_correlation", drift.chance())
                .put("mean_step_max_over_mean", drift.meanStepMaxOverMean());
        node.set("lags", JsonArrays.of(drift.lags()));
        node.set("mean_cosine", JsonArrays.of(drift.meanCosine()));
        node.set("mean_correlation", JsonArrays.of(drift.meanCorrelation()));
        ArrayNode layers = node.putArray("layers");
        for (Drift.LayerDrift layer : drift.layers()) {
            ObjectNode one = layers.addObject().put("layer", layer.layer())
                    .put("step_max_over_mean", layer.stepMaxOverMean());
            one.set("cosine", JsonArrays.of(layer.cosine()));
            one.set("correlation", JsonArrays.of(layer.correlation()));
        }
        return node;
    }
}
