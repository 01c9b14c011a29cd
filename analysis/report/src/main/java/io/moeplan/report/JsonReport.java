package io.moeplan.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.moeplan.eplb.Plan;
import io.moeplan.statistics.Analysis;
import java.io.UncheckedIOException;
import java.util.List;

/**
 * Reports as JSON objects with stable snake_case keys, each with {@code format} and {@code version}; a key is never
 * renamed within a version, only added. Unknown facts are null. Text ends with a line end.
 */
public final class JsonReport {
    private static final int VERSION = 1;
    private static final JsonMapper MAPPER = new JsonMapper();

    private JsonReport() {}

    /** {@code moeplan-report}: run, analysis, loads {@code [layers][experts]} and, if there is one, plan and simulation. */
    public static String full(ReportModel model) {
        ObjectNode node = document("moeplan-report");
        node.set("run", RunJson.node(model.run()));
        node.set("analysis", AnalysisJson.node(model.analysis()));
        node.set("loads", JsonArrays.of(model.heatMap().loads()));
        model.plan().ifPresent(plan -> {
            node.set("plan", PlanJson.plan(plan.plan()));
            node.set("simulation", PlanJson.simulation(plan));
        });
        return print(node);
    }

    /** {@code moeplan-analysis}. */
    public static String analysis(Analysis analysis) {
        ObjectNode node = document("moeplan-analysis");
        node.setAll(AnalysisJson.node(analysis));
        return print(node);
    }

    /** {@code moeplan-certificate}: a plan's figures per layer, without its maps (those are in the plan file). */
    public static String plan(Plan plan) {
        ObjectNode node = document("moeplan-certificate");
        node.setAll(PlanJson.plan(plan));
        return print(node);
    }

    /** {@code moeplan-simulation}: {@code results}, one for each plan, in the order given. */
    public static String simulation(List<PlanReport> reports) {
        ObjectNode node = document("moeplan-simulation");
        var results = node.putArray("results");
        reports.forEach(report -> results.add(PlanJson.simulation(report)));
        return print(node);
    }

    /** {@code moeplan-comparison}: {@code rows} in the order they were asked for; impossible ones have a reason only. */
    public static String comparison(ComparisonReport report) {
        ObjectNode node = document("moeplan-comparison");
        node.setAll(ComparisonJson.node(report));
        return print(node);
    }

    static ObjectNode object() {
        return MAPPER.createObjectNode();
    }

    static ObjectNode document(String format) {
        return object().put("format", format).put("version", VERSION);
    }

    static String print(JsonNode node) {
        DefaultPrettyPrinter printer = new DefaultPrettyPrinter()
                .withObjectIndenter(new DefaultIndenter("  ", "\n"));
        try {
            return MAPPER.writer(printer).writeValueAsString(node) + '\n';
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }
}
