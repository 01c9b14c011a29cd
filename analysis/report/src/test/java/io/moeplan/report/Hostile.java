package io.moeplan.report;

import io.moeplan.eplb.LoadTrace;
import io.moeplan.eplb.Phase;
import io.moeplan.eplb.Plan;
import io.moeplan.eplb.judge.LayoutBalance;
import io.moeplan.eplb.judge.SimulationResult;
import io.moeplan.eplb.judge.Verdict;
import io.moeplan.statistics.Analyzer;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A report in which every foreign string tries to get out of its place. */
final class Hostile {
    static final String TEXT = "<script>alert(\"x\")</script>&'\u001b[31m\u202e, \r\n=1";

    private Hostile() {}

    static ReportModel model() {
        PlanReport plan = Synthetic.small().plan().orElseThrow();
        Plan renamed = new Plan(new Plan.Model(TEXT, TEXT, 32, 8, 1), new Plan.Recording(TEXT, 1, 1),
                plan.plan().topology(), TEXT, TEXT, plan.plan().layers());
        SimulationResult simulation = new SimulationResult(TEXT, plan.simulation().holdout(),
                renamed(plan.simulation().before()), renamed(plan.simulation().after()));
        LoadTrace trace = new LoadTrace(new int[]{0, 1}, 3,
                List.of(new LoadTrace.Step(0, Phase.PREFILL, 2, new int[]{1, 2, 3, 0, 0, 0})));
        long[][] loads = {{1, 2, 3}, {0, 0, 0}};
        RunFacts run = new RunFacts(TEXT, new RunFacts.Model(TEXT, TEXT, 2, 3, 1),
                new RunFacts.Source(TEXT, TEXT, TEXT, TEXT),
                new RunFacts.Workload(TEXT, 0, 2, 1,
                        List.of(new RunFacts.TagRequests(TEXT, 1), new RunFacts.TagRequests("b", 2))),
                new RunFacts.Timing(1, 2, 3), false);
        return ReportModel.of(run, Analyzer.analyze(trace, Map.of(TEXT, loads, "b", loads)), trace,
                Optional.of(new PlanReport(renamed, simulation, new Verdict(Verdict.Word.LEAVE, -0.01, TEXT))));
    }

    private static LayoutBalance renamed(LayoutBalance layout) {
        return new LayoutBalance(TEXT, layout.overall(), layout.layers(), layout.gpuLoad());
    }
}
