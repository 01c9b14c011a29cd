package io.moeplan.report;

import static io.moeplan.report.Numbers.figure;
import static io.moeplan.report.Numbers.integer;
import static io.moeplan.report.Numbers.percent;
import static io.moeplan.report.Terminal.clean;
import static io.moeplan.report.Terminal.fit;
import static io.moeplan.report.Terminal.wrap;

import io.moeplan.statistics.Analysis;
import io.moeplan.statistics.Drift;
import io.moeplan.statistics.LayerSkew;
import io.moeplan.statistics.SkewSummary;
import io.moeplan.statistics.SkewSummary.Range;
import io.moeplan.statistics.TagDifference;
import java.util.Arrays;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;

/** An analysis for the terminal. */
final class AnalysisText {
    private static final int HOTTEST = 4;

    private AnalysisText() {}

    static String render(Analysis analysis) {
        return skew(analysis) + tags(analysis) + drift(analysis);
    }

    private static String skew(Analysis analysis) {
        TextTable table = new TextTable("rrrrrrrrrl", "layer", "routed", "CV", "max/mean", "Gini", "entropy", "dead",
                "<1 %",
                "top 10 %", "hottest experts");
        for (LayerSkew layer : analysis.layers()) {
            String hottest = Arrays.stream(layer.hottest()).limit(HOTTEST).mapToObj(String::valueOf)
                    .collect(Collectors.joining(" "));
            table.row(String.valueOf(layer.layer()), integer(layer.routed()), figure(layer.cv()),
                    figure(layer.maxOverMean()), figure(layer.gini()), figure(layer.normalisedEntropy()),
                    integer(layer.dead()), integer(layer.nearDead()), percent(layer.topShare()), hottest);
        }
        SkewSummary summary = analysis.summary();
        summaryRow(table, "mean", summary, Range::mean);
        summaryRow(table, "min", summary, Range::min);
        summaryRow(table, "max", summary, Range::max);
        String empty = summary.emptyLayers() == 0
                ? ""
                : " Layers without load (" + summary.emptyLayers() + ") do not count in the last three rows.";
        return wrap("Skew: tokens routed to each of " + Numbers.count(analysis.experts(), "expert") + " a layer, over "
                + Numbers.count(analysis.steps(), "step") + " and " + Numbers.count(analysis.tokens(), "token"), 0)
                + table.render()
                + wrap("CV: standard deviation / mean. Entropy: 1 is even. Dead: no token. <1 %: some, but below 1 %"
                        + " of the mean. Top 10 %: share of the hottest tenth of the experts. Most skewed: layer "
                        + summary.mostSkewedLayer() + "." + empty, 0);
    }

    private static void summaryRow(TextTable table, String name, SkewSummary summary, ToDoubleFunction<Range> part) {
        table.row(name, "", figure(part.applyAsDouble(summary.cv())),
                figure(part.applyAsDouble(summary.maxOverMean())), figure(part.applyAsDouble(summary.gini())),
                figure(part.applyAsDouble(summary.normalisedEntropy())), oneDecimal(part.applyAsDouble(summary.dead())),
                oneDecimal(part.applyAsDouble(summary.nearDead())), percent(part.applyAsDouble(summary.topShare())),
                "");
    }

    private static String oneDecimal(double value) {
        return value == Math.rint(value) ? integer((long) value) : Numbers.tenths(value);
    }

    private static String tags(Analysis analysis) {
        if (analysis.tags().isEmpty()) {
            return "";
        }
        TextTable table = new TextTable("lrrrrr", "tag", "routed", "from the rest", "by chance", "from the whole",
                "largest in layer");
        for (TagDifference tag : analysis.tags()) {
            table.row(fit(clean(tag.tag()), 28), integer(tag.routed()), figure(tag.meanFromRest()),
                    figure(tag.meanNoise()), figure(tag.meanFromWhole()), furthestLayer(analysis, tag));
        }
        return '\n' + wrap("Tags: how differently they use the experts. Jensen-Shannon divergence of the load shares,"
                + " base 2, mean over layers: 0 is the same, 1 is no expert in common", 0) + table.render()
                + wrap(Words.tags(analysis.tags()), 0);
    }

    /** The layer in which the tag differs most from the rest, with the figure there. */
    private static String furthestLayer(Analysis analysis, TagDifference tag) {
        int furthest = -1;
        for (int layer = 0; layer < tag.fromRest().length; layer++) {
            if (tag.fromRest()[layer] > 0 && (furthest < 0 || tag.fromRest()[layer] > tag.fromRest()[furthest])) {
                furthest = layer;
            }
        }
        return furthest < 0 ? "-" : analysis.layers().get(furthest).layer() + ": " + figure(tag.fromRest()[furthest]);
    }

    private static String drift(Analysis analysis) {
        return '\n' + switch (analysis.drift()) {
            case Drift.TooFewSteps few -> wrap("Drift: " + Words.tooFew(few), 0);
            case Drift.Measured drift -> drift(drift, analysis);
        };
    }

    private static String drift(Drift.Measured drift, Analysis analysis) {
        TextTable table = new TextTable("rrr", "steps apart", "correlation", "cosine");
        for (int i = 0; i < drift.lags().length; i++) {
            table.row(integer(drift.lags()[i]), figure(drift.meanCorrelation()[i]), figure(drift.meanCosine()[i]));
        }
        return wrap("Drift: how alike the load shares of two steps are, mean over layers, "
                + Numbers.count(drift.steps(), "step") + (drift.skippedLastStep() ? " without the short last one" : ""),
                0) + table.render()
                + wrap("Correlation is that of the deviations from the time mean; independent steps would show "
                        + figure(drift.chance()) + ". " + Words.drift(drift), 0)
                + wrap(Words.stepSkew(drift, analysis), 0);
    }
}
