package io.moeplan.report;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.moeplan.eplb.compare.Baseline;
import io.moeplan.eplb.compare.Candidate;
import io.moeplan.eplb.compare.ComparisonRow;
import io.moeplan.eplb.compare.ComparisonRow.Impossible;
import io.moeplan.eplb.compare.ComparisonRow.Judged;
import io.moeplan.eplb.compare.Target;
import io.moeplan.eplb.traffic.TrafficFigures;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;

/** Comparisons as JSON. */
final class ComparisonJson {
    private ComparisonJson() {}

    static ObjectNode node(ComparisonReport report) {
        ObjectNode node = JsonReport.object().put("dispatch", report.dispatch());
        node.set("holdout", PlanJson.holdout(report.holdout()));
        put(node, "bytes_per_expert", report.bytesPerExpert());
        ArrayNode rows = node.putArray("rows");
        report.rows().forEach(row -> rows.add(row(row)));
        ArrayNode targets = node.putArray("targets");
        report.targets().forEach(target -> targets.add(target(target)));
        return node;
    }

    private static ObjectNode row(ComparisonRow row) {
        return switch (row) {
            case Impossible impossible -> candidate(row.candidate()).put("possible", false)
                    .put("reason", impossible.reason());
            case Judged judged -> judged(judged);
        };
    }

    /** What was asked for; {@code redundant} is null where it was slots per GPU. */
    private static ObjectNode candidate(Candidate candidate) {
        ObjectNode node = JsonReport.object().put("planner", candidate.planner()).put("gpus", candidate.gpus());
        Integer redundant = ComparisonCsv.askedRedundant(candidate);
        return node.put("redundant", redundant).put("asked_redundant", redundant);
    }

    private static ObjectNode judged(Judged row) {
        ObjectNode node = candidate(row.candidate()).put("redundant", row.redundant()).put("possible", true)
                .put("slots_per_gpu", row.plan().topology().slotsPerGpu())
                .put("vllm_balancedness", row.balancedness()).put("weighted", row.maxOverMean()).put("p99", row.p99())
                .put("mean_gap", row.certificate().meanGap());
        ObjectNode binding = node.putObject("bound_terms");
        row.binding().forEach((term, layers) -> binding.put(term.name().toLowerCase(Locale.ROOT), layers));
        node.set("traffic", row.traffic().map(ComparisonJson::traffic).orElse(null));
        Baseline baseline = row.baseline();
        ObjectNode moves = node.putObject("moves").put("from", baseline.layout()).put("replicas", row.moves().moves())
                .put("share", row.moves().share());
        put(moves, "bytes", row.moves().bytes());
        put(node, "memory_per_gpu", row.memoryPerGpu());
        node.putObject("baseline").put("layout", baseline.layout()).put("slots_per_gpu", baseline.slotsPerGpu())
                .put("redundant", baseline.redundant());
        node.set("holdout", PlanJson.holdout(row.simulation().holdout()));
        node.put("replay", row.origin().isEmpty() ? null : row.origin());
        node.set("verdict", PlanJson.verdict(row.verdict(), row.simulation()));
        return node.put("gain_same_slots", row.sameSlots())
                .put("planning_seconds", row.planning().toNanos() / 1e9);
    }

    private static ObjectNode traffic(TrafficFigures traffic) {
        return JsonReport.object().put("gpus_per_token", traffic.gpus()).put("nodes_per_token", traffic.nodes());
    }

    private static ObjectNode target(Target target) {
        ObjectNode node = JsonReport.object().put("planner", target.planner()).put("gpus", target.gpus())
                .put("vllm_balancedness", target.balancedness()).put("tried", target.tried());
        node.set("reached", reached(target.reached()));
        node.set("below", reached(target.below()));
        return node;
    }

    private static ObjectNode reached(Optional<Judged> row) {
        return row.map(judged -> JsonReport.object().put("redundant", judged.redundant())
                .put("vllm_balancedness", judged.balancedness())).orElse(null);
    }

    private static void put(ObjectNode node, String key, OptionalLong value) {
        node.put(key, value.isPresent() ? value.getAsLong() : null);
    }
}
