package io.moeplan.report;

import static io.moeplan.report.Numbers.figure;
import static io.moeplan.report.Numbers.integer;
import static io.moeplan.report.Numbers.percent;
import static io.moeplan.report.Terminal.clean;
import static io.moeplan.report.Terminal.fit;
import static io.moeplan.report.Terminal.wrap;

import io.moeplan.eplb.LayerPlan;
import io.moeplan.eplb.Plan;
import io.moeplan.eplb.judge.SimulationResult;
import io.moeplan.eplb.judge.Verdict;
import io.moeplan.statistics.Analysis;

/**
 * Reports for the terminal: lines of at most 100 characters (110 in comparisons), no escape sequences, every section by itself or all of
 * them. Every section ends with a line end; foreign text is cleaned of control characters.
 */
public final class TextReport {
    private TextReport() {}

    /** Everything, the verdict first. */
    public static String full(ReportModel model) {
        StringBuilder text = new StringBuilder();
        model.plan().ifPresent(plan -> text.append(verdict(plan.verdict())).append('\n'));
        text.append(run(model.run())).append('\n').append(analysis(model.analysis()));
        model.plan().ifPresent(
                plan -> text.append('\n').append(plan(plan)).append('\n').append(origin(plan))
                        .append(balance(plan.simulation())));
        return text.toString();
    }

    /** What was recorded, with what and how fast. */
    public static String run(RunFacts run) {
        return RunText.render(run);
    }

    /** Skew per layer and over layers, tags, drift. */
    public static String analysis(Analysis analysis) {
        return AnalysisText.render(analysis);
    }

    /** The verdict in words. */
    public static String verdict(Verdict verdict) {
        return wrap("Verdict: " + Words.headline(verdict), 0)
                + wrap("Predicted gain: " + percent(verdict.gain()) + " of the time spent in MoE layers. "
                        + clean(verdict.reason()), 2);
    }

    /** A plan's certificate per layer. */
    public static String plan(Plan plan) {
        TextTable table = new TextTable("rrrrr", "layer", "max/mean", "lower bound", "gap", "balancedness");
        for (LayerPlan layer : plan.layers()) {
            table.row(String.valueOf(layer.layer()), figure(layer.maxOverMean()), figure(layer.lowerBound()),
                    percent(layer.gap()), figure(layer.balancedness()));
        }
        return planHead(plan) + '\n' + wrap("Certificate: load of the fullest GPU over the mean GPU load, under the"
                + " mean of the steps planned on. No layout with this topology is below the lower bound.", 0)
                + table.render();
    }

    /** A plan's certificate per layer beside what the replay gave. */
    public static String plan(PlanReport report) {
        TextTable table = new TextTable("rrrrrr", "layer", "judged before", "judged after", "planned", "lower bound",
                "gap");
        for (PlanReport.Layer layer : report.layers()) {
            LayerPlan plan = layer.plan();
            table.row(String.valueOf(plan.layer()), figure(layer.before()), figure(layer.after()),
                    figure(plan.maxOverMean()), figure(plan.lowerBound()), percent(plan.gap()));
        }
        return planHead(report.plan()) + '\n' + wrap("Certificate: load of the fullest GPU over the mean GPU load."
                + " \"Judged\" is over the single judged steps, weighted by tokens; \"planned\" and \"lower bound\" are"
                + " under the mean of the steps planned on. No layout with this topology is below the lower bound.", 0)
                + table.render();
    }

    /** A plan replayed over a recording: every balance definition, every layer, and the verdict. */
    public static String simulation(PlanReport report) {
        TextTable table = new TextTable("rrrrr", "layer", "before", "after", "p99 before", "p99 after");
        for (PlanReport.Layer layer : report.layers()) {
            table.row(String.valueOf(layer.plan().layer()), figure(layer.before()), figure(layer.after()),
                    figure(layer.beforeP99()), figure(layer.afterP99()));
        }
        return origin(report) + balance(report.simulation()) + "\nPer layer: max/mean, token-weighted\n"
                + table.render() + '\n'
                + verdict(report.verdict());
    }

    /** Planners, redundancy and GPUs side by side. */
    public static String comparison(ComparisonReport report) {
        return ComparisonText.render(report);
    }

    private static String planHead(Plan plan) {
        return wrap("Plan: " + clean(plan.algorithm()) + " (objective: " + clean(plan.objective())
                + ", dispatch: " + clean(plan.dispatch()) + ")", 0)
                + wrap("Topology: " + Words.topology(plan), 0)
                + wrap("Planned on " + Numbers.count(plan.recording().steps(), "step") + ", "
                        + integer(plan.recording().tokens()) + " tokens", 0);
    }

    private static String origin(PlanReport report) {
        return report.origin().isEmpty() ? "" : wrap(report.origin(), 0);
    }

    private static String balance(SimulationResult simulation) {
        String before = fit(clean(simulation.before().layout()), 16);
        String after = fit(clean(simulation.after().layout()), 16);
        TextTable table = new TextTable("lrrr", "GPU balance over the judged steps", "if even", before, after);
        StringBuilder definitions = new StringBuilder();
        for (Definition definition : Definition.ALL) {
            table.row(definition.name(), definition.even(),
                    figure(definition.value().applyAsDouble(simulation.before().overall())),
                    figure(definition.value().applyAsDouble(simulation.after().overall())));
            definitions.append(wrap(definition.name() + ": " + definition.formula(), 2));
        }
        return wrap("Simulation: " + clean(simulation.after().layout()) + " against "
                + clean(simulation.before().layout()) + ", dispatch " + clean(simulation.dispatch()), 0)
                + wrap(Words.holdout(simulation.holdout()), 0) + sure(simulation) + '\n' + table.render() + '\n'
                + definitions;
    }

    private static String sure(SimulationResult simulation) {
        String sure = Words.sure(simulation);
        return sure.isEmpty() ? "" : wrap(sure, 0);
    }
}
