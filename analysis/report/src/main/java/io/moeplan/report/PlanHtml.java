package io.moeplan.report;

import static io.moeplan.report.Html.escape;

import io.moeplan.eplb.LayerPlan;
import io.moeplan.eplb.Plan;
import io.moeplan.eplb.judge.SimulationResult;
import java.util.List;
import java.util.function.ToDoubleFunction;

/** What the HTML report says about a plan. */
final class PlanHtml {
    private PlanHtml() {}

    static String gpuLoad(PlanReport report) {
        return "<section>\n<h2>GPU load before and after</h2>\n<p class=\"muted\">Tokens that each GPU computes over the"
                + " mean of all GPUs, mean over the judged steps. The dashed line is the mean: everything above it is"
                + " time that the other GPUs wait. Single steps are less even than their mean; the definitions below"
                + " count steps one by one.</p>\n<h3>All layers together</h3>\n" + GpuChart.overall(report)
                + "<h3>The worst layers</h3>\n<p class=\"muted\">Every layer waits for its own fullest GPU, so layers do"
                + " not make up for each other. These are the least even before; left before, right after.</p>\n"
                + GpuChart.worstLayers(report) + "</section>\n";
    }

    static String layers(PlanReport report) {
        List<LayerPlan> plans = report.plan().layers();
        int[] ids = plans.stream().mapToInt(LayerPlan::layer).toArray();
        SimulationResult simulation = report.simulation();
        String before = simulation.before().layout();
        String after = simulation.after().layout();
        var judged = List.of(series("before", before, report, PlanReport.Layer::before),
                series("after", after, report, PlanReport.Layer::after));
        var planned = List.of(series("bound", "lower bound", report, layer -> layer.plan().lowerBound()),
                series("after", "plan", report, layer -> layer.plan().maxOverMean()));
        return "<section>\n<h2>Balance per layer</h2>\n<p class=\"muted\">Load of the fullest GPU over the mean: 1 is"
                + " even.</p>\n<div class=\"side\">"
                + LayerChart.render("layers-judged", "Max over mean GPU load per layer, before and after", ids, judged)
                + "<div class=\"note\">" + keys("before", before, "after", after)
                + "<p>Over the judged steps, each step"
                + " by itself, weighted by tokens. This is what time follows.</p></div></div>\n<div class=\"side\">"
                + LayerChart.render("layers-planned", "Max over mean GPU load per layer, plan and lower bound", ids,
                        planned)
                + "<div class=\"note\">" + keys("after", "plan", "bound", "lower bound")
                + "<p>Under the mean of the steps planned on: no layout with this topology can be below the bound, so"
                + " the distance between the two is all that a better planner could still gain there. Note the"
                + " scale.</p></div></div>\n</section>\n";
    }

    private static LayerChart.Series series(String style, String name, PlanReport report,
            ToDoubleFunction<PlanReport.Layer> value) {
        return new LayerChart.Series(style, name, report.layers().stream().mapToDouble(value).toArray());
    }

    private static String keys(String style, String name, String otherStyle, String otherName) {
        return "<ul class=\"keys\"><li><span class=\"key " + style + "\"></span>" + escape(name)
                + "</li><li><span class=\"key " + otherStyle + "\"></span>" + escape(otherName) + "</li></ul>\n";
    }

    static String definitions(PlanReport report) {
        SimulationResult simulation = report.simulation();
        HtmlTable table = new HtmlTable("llrrr", "Definition", "Formula", "If even", simulation.before().layout(),
                simulation.after().layout());
        for (Definition definition : Definition.ALL) {
            table.row(definition.name(), definition.formula(), definition.even(),
                    Numbers.figure(definition.value().applyAsDouble(simulation.before().overall())),
                    Numbers.figure(definition.value().applyAsDouble(simulation.after().overall())));
        }
        return "<section>\n<h2>Balance by every definition in use</h2>\n<p class=\"muted\">They are not interchangeable:"
                + " compare a figure only with one of the same name. Mean and max are over the GPUs of one step and layer."
                + " The first is what the verdict uses.</p>\n" + table.render() + "<p class=\"note\">Dispatch: "
                + escape(simulation.dispatch()) + "; " + escape(Words.holdout(simulation.holdout())) + sure(simulation)
                + ".</p>\n</section>\n";
    }

    private static String sure(SimulationResult simulation) {
        String sure = Words.sure(simulation);
        return sure.isEmpty() ? "" : "; " + escape(sure);
    }

    static String certificate(PlanReport report) {
        Plan plan = report.plan();
        HtmlTable table = new HtmlTable("rrrrrr", "Layer", "Before", "After", "Planned", "Lower bound", "Gap");
        for (PlanReport.Layer layer : report.layers()) {
            table.row(String.valueOf(layer.plan().layer()), Numbers.figure(layer.before()),
                    Numbers.figure(layer.after()), Numbers.figure(layer.plan().maxOverMean()),
                    Numbers.figure(layer.plan().lowerBound()), Numbers.percent(layer.plan().gap()));
        }
        return "<section>\n<h2>Plan certificate</h2>\n<p>Planner " + escape(plan.algorithm()) + ", objective "
                + escape(plan.objective()) + ", dispatch rule " + escape(plan.dispatch()) + ". "
                + escape(Words.topology(plan))
                + ".</p>\n<p class=\"muted\">All figures are max/mean of GPU loads. Before and after are judged step by"
                + " step; planned, lower bound and gap are under the mean of the "
                + Numbers.count(plan.recording().steps(), "step") + " planned on ("
                + Numbers.count(plan.recording().tokens(), "token") + "). Gap is planned / lower bound - 1.</p>\n"
                + "<details open><summary>" + Numbers.count(plan.layers().size(), "layer") + "</summary>\n"
                + table.renderHalves() + "</details>\n</section>\n";
    }
}
