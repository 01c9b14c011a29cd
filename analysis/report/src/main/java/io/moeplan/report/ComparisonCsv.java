package io.moeplan.report;

import io.moeplan.eplb.Bound;
import io.moeplan.eplb.compare.Candidate;
import io.moeplan.eplb.compare.ComparisonRow;
import io.moeplan.eplb.compare.ComparisonRow.Impossible;
import io.moeplan.eplb.compare.ComparisonRow.Judged;
import io.moeplan.eplb.compare.Slots;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;

/** The rows of a comparison as CSV; an impossible one has its reason and nothing else. */
final class ComparisonCsv {
    private static final List<String> FIGURES = List.of("vllm_balancedness", "weighted", "p99", "mean_gap",
            "gpus_per_token", "nodes_per_token", "moves_from", "moves", "moved_share", "memory_per_gpu", "gain",
            "gain_low", "gain_high", "planning_seconds", "asked_redundant", "slots_per_gpu", "baseline_slots_per_gpu",
            "baseline_redundant", "gain_same_slots", "judged_steps");

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
        List<Object> cells = new ArrayList<>(List.of(candidate.planner(), candidate.gpus()));
        switch (row) {
            case Impossible impossible -> {
                cells.add(asked(candidate));
                cells.addAll(Collections.nCopies(FIGURES.size() + Bound.Term.values().length, ""));
                cells.addAll(List.of("impossible", impossible.reason()));
            }
            case Judged judged -> {
                cells.add(judged.redundant());
                judged(judged, cells);
            }
        }
        return cells;
    }

    private static Object asked(Candidate candidate) {
        Integer redundant = askedRedundant(candidate);
        return redundant == null ? "" : redundant;
    }

    /** The redundancy asked for, or null if it was slots per GPU. */
    static Integer askedRedundant(Candidate candidate) {
        return switch (candidate.slots()) {
            case Slots.Redundant redundant -> redundant.replicas();
            case Slots.PerGpu _ -> null;
        };
    }

    private static void judged(Judged row, List<Object> cells) {
        cells.addAll(List.of(row.balancedness(), row.maxOverMean(), row.p99(), row.certificate().meanGap()));
        cells.add(row.traffic().<Object>map(traffic -> traffic.gpus()).orElse(""));
        cells.add(row.traffic().<Object>map(traffic -> traffic.nodes()).orElse(""));
        cells.addAll(
                List.of(row.baseline().layout(), row.moves().moves(), row.moves().share(), cell(row.memoryPerGpu()),
                        row.verdict().gain()));
        cells.add(row.simulation().interval().<Object>map(interval -> interval.gain().low()).orElse(""));
        cells.add(row.simulation().interval().<Object>map(interval -> interval.gain().high()).orElse(""));
        cells.add(row.planning().toNanos() / 1e9);
        cells.add(asked(row.candidate()));
        cells.addAll(List.of(row.plan().topology().slotsPerGpu(), row.baseline().slotsPerGpu(),
                row.baseline().redundant(), row.sameSlots(), row.simulation().holdout().judgedSteps()));
        for (Bound.Term term : Bound.Term.values()) {
            cells.add(row.binding().getOrDefault(term, 0));
        }
        cells.addAll(List.of(row.verdict().word().name().toLowerCase(Locale.ROOT), row.verdict().reason()));
    }

    private static Object cell(OptionalLong value) {
        return value.isPresent() ? value.getAsLong() : "";
    }
}
