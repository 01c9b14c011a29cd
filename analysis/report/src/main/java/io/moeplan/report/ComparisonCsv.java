package io.moeplan.report;

import io.moeplan.eplb.Bound;
import io.moeplan.eplb.compare.Candidate;
import io.moeplan.eplb.compare.ComparisonRow;
import io.moeplan.eplb.compare.ComparisonRow.Impossible;
import io.moeplan.eplb.compare.ComparisonRow.Judged;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;

/** The rows of a comparison as CSV; an impossible one has its reason and nothing else. */
final class ComparisonCsv {
    private static final List<String> FIGURES = List.of("vllm_balancedness", "weighted", "p99", "mean_gap",
            "gpus_per_token", "nodes_per_token", "moves_from", "moves", "moved_share", "memory_per_gpu", "gain",
            "gain_low", "gain_high", "planning_seconds");

    private ComparisonCsv() {}

    static List<List<?>> rows(ComparisonReport report) {
        List<Object> header = new ArrayList<>(List.of("planner", "gpus", "redundant"));
        header.addAll(FIGURES);
        for (Bound.Term term : Bound.Term.values()) {
            header.add("bound_" + term.name().toLowerCase(Locale.ROOT));
        }
        header.addAll(List.of("verdict", "reason"));
        List<List<?>> rows = new ArrayList<>();
        rows.add(header);
        report.rows().forEach(row -> rows.add(row(row)));
        return rows;
    }

    private static List<Object> row(ComparisonRow row) {
        Candidate candidate = row.candidate();
        List<Object> cells = new ArrayList<>(
                List.of(candidate.planner(), candidate.gpus(), candidate.redundant()));
        switch (row) {
            case Impossible impossible -> {
                cells.addAll(Collections.nCopies(FIGURES.size() + Bound.Term.values().length, ""));
                cells.addAll(List.of("impossible", impossible.reason()));
            }
            case Judged judged -> judged(judged, cells);
        }
        return cells;
    }

    private static void judged(Judged row, List<Object> cells) {
        cells.addAll(List.of(row.balancedness(), row.maxOverMean(), row.p99(), row.certificate().meanGap()));
        cells.add(row.traffic().<Object>map(traffic -> traffic.gpus()).orElse(""));
        cells.add(row.traffic().<Object>map(traffic -> traffic.nodes()).orElse(""));
        cells.addAll(List.of(row.moves().from(), row.moves().moves(), row.moves().share(), cell(row.memoryPerGpu()),
                row.verdict().gain()));
        cells.add(row.simulation().interval().<Object>map(interval -> interval.gain().low()).orElse(""));
        cells.add(row.simulation().interval().<Object>map(interval -> interval.gain().high()).orElse(""));
        cells.add(row.planning().toNanos() / 1e9);
        for (Bound.Term term : Bound.Term.values()) {
            cells.add(row.binding().getOrDefault(term, 0));
        }
        cells.addAll(List.of(row.verdict().word().name().toLowerCase(Locale.ROOT), row.verdict().reason()));
    }

    private static Object cell(OptionalLong value) {
        return value.isPresent() ? value.getAsLong() : "";
    }
}
