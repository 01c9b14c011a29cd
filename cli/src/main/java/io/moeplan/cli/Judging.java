package io.moeplan.cli;

import io.moeplan.eplb.Plan;
import io.moeplan.eplb.dispatch.Dispatch;
import io.moeplan.eplb.judge.JudgedSteps;
import io.moeplan.eplb.judge.Simulation;
import io.moeplan.eplb.judge.SimulationResult;
import io.moeplan.eplb.judge.Verdicts;
import io.moeplan.report.PlanReport;

/** What a plan is worth on the steps to judge on. */
final class Judging {
    private Judging() {}

    static PlanReport report(Plan plan, JudgedSteps judged, Dispatch dispatch, double deadZone) {
        SimulationResult result = Simulation.run(judged.loads(), judged.sources(), plan, dispatch, judged.holdout())
                .withDeadZone(deadZone);
        return new PlanReport(plan, result, Verdicts.of(result), judged.origin());
    }
}
