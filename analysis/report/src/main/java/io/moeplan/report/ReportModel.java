package io.moeplan.report;

import io.moeplan.eplb.LoadTrace;
import io.moeplan.statistics.Analysis;
import java.util.Optional;

/** Everything a report says, before it is rendered as text, HTML, JSON or CSV. */
public record ReportModel(RunFacts run, Analysis analysis, HeatMap heatMap, Optional<PlanReport> plan) {
    /** A report on a recording whose loads are {@code trace}. */
    public static ReportModel of(RunFacts run, Analysis analysis, LoadTrace trace, Optional<PlanReport> plan) {
        return new ReportModel(run, analysis, HeatMap.of(trace), plan);
    }
}
