package io.moeplan.report;

import static io.moeplan.report.Html.escape;

import io.moeplan.eplb.judge.Verdict;
import io.moeplan.statistics.Analysis;

/** The head of the HTML report: the verdict in words, the one number, the run facts. */
final class HeadHtml {
    private HeadHtml() {}

    static String render(ReportModel model) {
        StringBuilder html = new StringBuilder("<header>\n<p class=\"eyebrow\">Expert load report: ");
        html.append(escape(model.run().model().name())).append("</p>\n<div class=\"verdict\">\n");
        html.append(model.plan().map(plan -> verdict(model, plan)).orElseGet(() -> skew(model))).append("</div>\n");
        if (!model.run().complete()) {
            html.append(
                    "<p class=\"notice\">This recording is incomplete: it was cut short, and the figures are those of"
                            + " what was saved.</p>\n");
        }
        html.append("<dl class=\"facts\">\n");
        for (Fact fact : Fact.of(model.run())) {
            html.append("<div><dt>").append(fact.name()).append("</dt><dd>").append(escape(fact.value()))
                    .append("</dd></div>\n");
        }
        return html.append("</dl>\n</header>\n").toString();
    }

    private static String verdict(ReportModel model, PlanReport report) {
        Verdict verdict = report.verdict();
        String style = verdict.word() == Verdict.Word.LEAVE ? "bound" : "after";
        double before = report.simulation().before().overall().weighted();
        double after = report.simulation().after().overall().weighted();
        return number(style, Numbers.percent(Math.abs(verdict.gain())),
                "of the time spent in MoE layers is predicted to be " + (verdict.gain() < 0 ? "lost" : "saved"))
                + "<div><h1>" + Words.headline(verdict) + "</h1>\n<p class=\"lead\">" + ran(model.run()) + " On "
                + Numbers.count(report.plan().topology().gpus(), "GPU") + ", the fullest one gets "
                + Numbers.times(before) + " times the mean load with the "
                + escape(report.simulation().before().layout())
                + " layout and " + Numbers.times(after) + " times with the plan (" + escape(report.plan().algorithm())
                + ").</p>\n<p>" + escape(verdict.reason()) + "</p>\n<p class=\"muted\">"
                + escape(sentence(Words.holdout(report.simulation().holdout())))
                + (report.origin().isEmpty() ? "" : " " + escape(report.origin()) + ".") + "</p></div>\n";
    }

    private static String skew(ReportModel model) {
        Analysis analysis = model.analysis();
        return number("before", Numbers.times(analysis.summary().maxOverMean().mean()),
                "times the mean: the load of the hottest expert, averaged over layers") + "<div><h1>"
                + Words.skew(analysis.summary()) + "</h1>\n<p class=\"lead\">" + ran(model.run())
                + "</p>\n<p class=\"muted\">This report describes the recording only; give it a plan to see what"
                + " placement would gain.</p></div>\n";
    }

    private static String ran(RunFacts run) {
        RunFacts.Workload workload = run.workload();
        String requests = workload.requests() > 0 ? " of " + Numbers.count(workload.requests(), "request") : "";
        return escape(run.model().name()) + " was recorded over " + Numbers.count(workload.tokens(), "token") + requests
                + ".";
    }

    private static String number(String style, String number, String meaning) {
        return "<p class=\"number " + style + "\"><strong>" + number.replace(" ", "&nbsp;") + "</strong><span>"
                + meaning
                + "</span></p>\n";
    }

    private static String sentence(String text) {
        return Character.toUpperCase(text.charAt(0)) + text.substring(1) + ".";
    }
}
