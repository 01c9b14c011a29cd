package io.moeplan.eplb.compare;

import io.moeplan.eplb.planner.Planner;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Looks for the least redundancy that reaches a balancedness: up the list in doubling strides, then by halving what is left.
 * That takes balancedness to grow with redundancy, which on unseen steps it does but for noise: there may be a lucky plan
 * with less, but the next one below the plan found was tried and does not reach it.
 */
final class TargetSearch {
    private final Comparison comparison;
    private final Planner planner;
    private final int gpus;
    private final double wanted;
    private final List<Slots> redundant;
    private final TreeMap<Integer, ComparisonRow> tried = new TreeMap<>();

    /** @param redundant what to choose from, ascending */
    TargetSearch(Comparison comparison, Planner planner, int gpus, double wanted, List<Slots> redundant) {
        this.comparison = comparison;
        this.planner = planner;
        this.gpus = gpus;
        this.wanted = wanted;
        this.redundant = redundant;
    }

    Target run() {
        int last = redundant.size() - 1;
        int fails = -1;
        int next = 0;
        while (next <= last && !reaches(next)) {
            fails = next;
            next = fails == last ? last + 1 : Math.min(2 * fails + 2, last);
        }
        int found = next;
        while (found <= last && found - fails > 1) {
            int middle = (fails + found) >>> 1;
            if (reaches(middle)) {
                found = middle;
            } else {
                fails = middle;
            }
        }
        return new Target(planner.name(), gpus, wanted, found > last ? Optional.empty() : judged(tried.get(found)),
                best(found), tried.size());
    }

    private boolean reaches(int index) {
        ComparisonRow row = tried.computeIfAbsent(index,
                i -> comparison.row(planner, gpus, redundant.get(i)));
        return row instanceof ComparisonRow.Judged judged && judged.balancedness() >= wanted;
    }

    private Optional<ComparisonRow.Judged> best(int below) {
        return tried.headMap(below).values().stream().flatMap(row -> judged(row).stream())
                .max(Comparator.comparingDouble(ComparisonRow.Judged::balancedness));
    }

    private static Optional<ComparisonRow.Judged> judged(ComparisonRow row) {
        return row instanceof ComparisonRow.Judged judged ? Optional.of(judged) : Optional.empty();
    }
}
