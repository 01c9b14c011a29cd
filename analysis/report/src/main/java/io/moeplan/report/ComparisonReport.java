package io.moeplan.report;

import io.moeplan.eplb.compare.ComparisonRow;
import io.moeplan.eplb.compare.Target;
import io.moeplan.eplb.judge.Holdout;
import java.util.List;
import java.util.OptionalLong;

/**
 * Planners, redundancy and GPUs side by side.
 *
 * @param holdout        which steps all of them were planned and judged on
 * @param bytesPerExpert weights of one expert in one layer; empty if nobody knows
 * @param targets        what was asked for beside the rows
 */
public record ComparisonReport(Holdout holdout, String dispatch, OptionalLong bytesPerExpert, List<ComparisonRow> rows,
        List<Target> targets) {
    public ComparisonReport {
        rows = List.copyOf(rows);
        targets = List.copyOf(targets);
    }

    List<ComparisonRow.Judged> judged() {
        return rows.stream().filter(ComparisonRow.Judged.class::isInstance).map(ComparisonRow.Judged.class::cast)
                .toList();
    }

    List<ComparisonRow.Impossible> impossible() {
        return rows.stream().filter(ComparisonRow.Impossible.class::isInstance)
                .map(ComparisonRow.Impossible.class::cast).toList();
    }
}
