package io.moeplan.report;

import static io.moeplan.report.Html.escape;

import io.moeplan.statistics.Analysis;
import io.moeplan.statistics.Drift;
import io.moeplan.statistics.LayerSkew;
import io.moeplan.statistics.TagDifference;
import java.util.Arrays;
import java.util.Map;
import java.util.stream.Collectors;

/** What the HTML report says about the recorded loads. */
final class LoadHtml {
    private LoadHtml() {}

    static String heatMap(ReportModel model) {
        var summary = model.analysis().summary();
        return "<section>\n<h2>Load of every expert</h2>\n<p class=\"muted\">Rows are MoE layers by the model's numbers,"
                + " columns are experts. Each cell is the expert's load over the mean of its layer. The hottest expert has "
                + Numbers.times(summary.maxOverMean().mean()) + " times the mean on average over layers, "
                + Numbers.times(summary.maxOverMean().max()) + " at most; layer " + summary.mostSkewedLayer()
                + " is the most skewed.</p>\n" + HeatMapChart.render(model.heatMap()) + "</section>\n";
    }

    static String tags(ReportModel model) {
        Analysis analysis = model.analysis();
        if (analysis.tags().isEmpty()) {
            return "";
        }
        Map<String, Integer> requests = model.run().workload().tags().stream()
                .collect(Collectors.toMap(RunFacts.TagRequests::tag, RunFacts.TagRequests::requests, Integer::sum));
        double most = analysis.tags().stream().mapToDouble(tag -> Math.max(tag.meanFromRest(), tag.meanNoise())).max()
                .orElse(0);
        HtmlTable table = new HtmlTable("lrrrrrr", "Tag", "Requests", "Routed", "By chance", "From the whole",
                "From the rest",
                "");
        for (TagDifference tag : analysis.tags()) {
            Integer count = requests.get(tag.tag());
            table.row(tag.tag(), count == null ? "-" : Numbers.integer(count), Numbers.integer(tag.routed()),
                    Numbers.figure(tag.meanNoise()), Numbers.figure(tag.meanFromWhole()),
                    Numbers.figure(tag.meanFromRest()));
            table.chart(bar(tag, most));
        }
        return "<section>\n<h2>Difference between tags</h2>\n<p class=\"muted\">Jensen-Shannon divergence (base 2) between"
                + " a tag's load shares and those of all other tags, mean over layers: 0 is the same use of experts, 1 is"
                + " no expert in common. The tick marks what samples of this size show by chance.</p>\n"
                + table.render()
                + "<p class=\"note\">" + escape(Words.tags(analysis.tags())) + "</p>\n</section>\n";
    }

    private static String bar(TagDifference tag, double most) {
        double scale = most == 0 ? 0 : 100 / most;
        return "<svg viewBox=\"0 0 100 14\" preserveAspectRatio=\"none\" aria-hidden=\"true\"><rect class=\"track\" y=\"2\""
                + " width=\"100\" height=\"10\"/><rect class=\"after\" y=\"2\" width=\""
                + Svg.n(tag.meanFromRest() * scale)
                + "\" height=\"10\"/><path class=\"tick\" vector-effect=\"non-scaling-stroke\" d=\"M"
                + Svg.n(tag.meanNoise() * scale) + " 0v14\"/></svg>";
    }

    static String drift(Analysis analysis) {
        String body = switch (analysis.drift()) {
            case Drift.TooFewSteps few -> "<p>Drift was " + escape(Words.tooFew(few)) + "</p>\n";
            case Drift.Measured drift -> drift(drift, analysis);
        };
        return "<section>\n<h2>Drift over steps</h2>\n" + body + "</section>\n";
    }

    private static String drift(Drift.Measured drift, Analysis analysis) {
        return "<p class=\"muted\">How alike the load shares of two steps are, over their distance. Correlation is that of"
                + " the deviations from the time mean, cosine that of the shares themselves; mean over layers.</p>\n"
                + "<div class=\"side\">" + DriftChart.render(drift) + "<div class=\"note\"><p>"
                + escape(Words.drift(drift)) + "</p>\n<p>" + escape(Words.stepSkew(drift, analysis))
                + "</p>\n<p>The shaded band is the range of the correlation over layers, the dashed line what"
                + " independent steps would show (" + Numbers.figure(drift.chance()) + "). "
                + Numbers.count(drift.steps(), "step")
                + (drift.skippedLastStep() ? "; the short last one was left out" : "") + ".</p></div></div>\n";
    }

    static String skew(Analysis analysis) {
        HtmlTable table = new HtmlTable("rrrrrrrrrl", "Layer", "Routed", "CV", "Max/mean", "Gini", "Entropy", "Dead",
                "Below 1 %",
                "Top 10 %", "Hottest experts");
        for (LayerSkew layer : analysis.layers()) {
            String hottest = Arrays.stream(layer.hottest()).mapToObj(String::valueOf).collect(Collectors.joining(", "));
            table.row(String.valueOf(layer.layer()), Numbers.integer(layer.routed()), Numbers.figure(layer.cv()),
                    Numbers.figure(layer.maxOverMean()), Numbers.figure(layer.gini()),
                    Numbers.figure(layer.normalisedEntropy()), Numbers.integer(layer.dead()),
                    Numbers.integer(layer.nearDead()), Numbers.percent(layer.topShare()), hottest);
        }
        return "<section>\n<h2>Skew per layer</h2>\n<p class=\"muted\">Loads over the whole recording. CV is the standard"
                + " deviation over the mean. Entropy is that of the load shares, 1 is even. Dead experts got no token;"
                + " \"below 1 %\" are those that got some, but less than 1 % of the mean. Top 10 % is the share of the"
                + " hottest tenth of the experts.</p>\n<details open><summary>"
                + Numbers.count(analysis.layers().size(), "layer") + "</summary>\n" + table.render()
                + "</details>\n</section>\n";
    }
}
