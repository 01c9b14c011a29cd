package io.moeplan.report;

import static io.moeplan.report.Html.escape;

import java.util.ArrayList;
import java.util.List;

/** What the report does not say. */
final class LimitsHtml {
    private LimitsHtml() {}

    static String render(ReportModel model) {
        StringBuilder html = new StringBuilder(
                "<section>\n<h2>What this report does not say</h2>\n<ul class=\"limits\">\n");
        for (String limit : limits(model)) {
            html.append("<li>").append(escape(limit)).append("</li>\n");
        }
        return html.append("</ul>\n</section>\n").toString();
    }

    private static List<String> limits(ReportModel model) {
        List<String> limits = new ArrayList<>();
        limits.add(
                "It is about the recorded workload. Traffic with another mix of topics or languages loads other experts:"
                        + " record what you serve.");
        model.plan().ifPresent(plan -> plan(limits, plan));
        if (!model.run().complete()) {
            limits.add("The recording was cut short; requests that were not reached are not in it.");
        }
        return limits;
    }

    private static void plan(List<String> limits, PlanReport report) {
        limits.add(dispatch(report.simulation().dispatch()));
        if (!report.simulation().holdout().unseen()) {
            limits.add("Nothing was held out: the plan was judged on the steps it was made on, which flatters it.");
        }
        limits.add("The gain is predicted from token counts, not measured. It concerns the time in MoE layers only;"
                + " attention, communication and scheduling are not in it, and small imbalances can vanish in kernels that"
                + " have a flat part.");
        limits.add("In decode with few tokens per expert, time follows the number of distinct experts that a GPU reads"
                + " rather than tokens; an extra copy of an expert can then cost time.");
        limits.add("Traffic between GPUs and nodes, and the cost of moving experts to a new plan, are not counted.");
        limits.add(
                "The lower bound is for the mean of the steps planned on. Single steps deviate from their mean, so no"
                        + " plan reaches it step by step.");
    }

    private static String dispatch(String dispatch) {
        return dispatch.equals("even")
                ? "An even split of an expert's tokens over its copies is assumed. Engines choose copies by their own"
                        + " rules (random, by rank, nearest), which changes max/mean by several percent: simulate with"
                        + " the rule of yours."
                : "Copies of an expert were chosen by the rule " + dispatch
                        + "; an engine with another rule will show other figures.";
    }
}
