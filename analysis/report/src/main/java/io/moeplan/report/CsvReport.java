package io.moeplan.report;

import io.moeplan.eplb.LayerPlan;
import io.moeplan.eplb.Plan;
import io.moeplan.eplb.judge.LayoutBalance;
import io.moeplan.statistics.Analysis;
import io.moeplan.statistics.Drift;
import io.moeplan.statistics.LayerSkew;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Reports as CSV (RFC 4180, but with plain line feeds): a header, then one row per layer. Numbers have a point and no
 * grouping; cells that do not apply are empty.
 */
public final class CsvReport {
    private CsvReport() {}

    /** One row per layer; experts of {@code hottest} are separated by spaces. */
    public static String analysis(Analysis analysis) {
        StringBuilder csv = new StringBuilder();
        row(csv, List.of("layer", "routed", "cv", "max_over_mean", "gini", "entropy_nats", "entropy_normalised", "dead",
                "near_dead", "top_experts", "top_share", "hottest", "step_max_over_mean", "correlation_lag_1"));
        for (int i = 0; i < analysis.layers().size(); i++) {
            LayerSkew layer = analysis.layers().get(i);
            String hottest = Arrays.stream(layer.hottest()).mapToObj(String::valueOf).collect(Collectors.joining(" "));
            List<Object> cells = new ArrayList<>(List.of(layer.layer(), layer.routed(), layer.cv(),
                    layer.maxOverMean(), layer.gini(), layer.entropy(), layer.normalisedEntropy(), layer.dead(),
                    layer.nearDead(), layer.topExperts(), layer.topShare(), hottest));
            cells.addAll(drift(analysis.drift(), i));
            row(csv, cells);
        }
        return csv.toString();
    }

    private static List<Object> drift(Drift drift, int layer) {
        return switch (drift) {
            case Drift.TooFewSteps _ -> List.of("", "");
            case Drift.Measured measured -> List.of(measured.layers().get(layer).stepMaxOverMean(),
                    measured.layers().get(layer).correlation()[0]);
        };
    }

    /** One row per layer of a plan's certificate. */
    public static String plan(Plan plan) {
        StringBuilder csv = new StringBuilder();
        row(csv, List.of("layer", "balancedness", "max_over_mean", "lower_bound", "gap"));
        for (LayerPlan layer : plan.layers()) {
            row(csv, List.of(layer.layer(), layer.balancedness(), layer.maxOverMean(), layer.lowerBound(),
                    layer.gap()));
        }
        return csv.toString();
    }

    /** One row per plan, layout (the one before, then the plan's) and layer, in the order given. */
    public static String simulation(List<PlanReport> reports) {
        StringBuilder csv = new StringBuilder();
        List<Object> header = new ArrayList<>(List.of("plan", "dispatch", "layout", "layer"));
        Definition.ALL.forEach(definition -> header.add(definition.key()));
        header.addAll(List.of("plan_max_over_mean", "plan_lower_bound", "plan_gap"));
        row(csv, header);
        for (int i = 0; i < reports.size(); i++) {
            layout(csv, i, reports.get(i), reports.get(i).simulation().before(), false);
            layout(csv, i, reports.get(i), reports.get(i).simulation().after(), true);
        }
        return csv.toString();
    }

    /** One row for every planner, redundancy and number of GPUs, in the order they were asked for. */
    public static String comparison(ComparisonReport report) {
        StringBuilder csv = new StringBuilder();
        ComparisonCsv.rows(report).forEach(row -> row(csv, row));
        return csv.toString();
    }

    private static void layout(StringBuilder csv, int index, PlanReport report, LayoutBalance layout, boolean planned) {
        for (int i = 0; i < layout.layers().size(); i++) {
            LayerPlan plan = report.plan().layers().get(i);
            List<Object> cells = new ArrayList<>(
                    List.of(index, report.simulation().dispatch(), layout.layout(), plan.layer()));
            for (Definition definition : Definition.ALL) {
                cells.add(definition.value().applyAsDouble(layout.layers().get(i)));
            }
            cells.addAll(planned ? List.of(plan.maxOverMean(), plan.lowerBound(), plan.gap()) : List.of("", "", ""));
            row(csv, cells);
        }
    }

    static void row(StringBuilder csv, List<?> cells) {
        csv.append(cells.stream().map(cell -> quote(String.valueOf(cell))).collect(Collectors.joining(",")))
                .append('\n');
    }

    private static String quote(String cell) {
        boolean plain = cell.chars().noneMatch(c -> c == ',' || c == '"' || c == '\n' || c == '\r');
        return plain ? cell : '"' + cell.replace("\"", "\"\"") + '"';
    }
}
