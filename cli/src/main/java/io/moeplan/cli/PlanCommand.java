package io.moeplan.cli;

import io.moeplan.eplb.LoadTrace;
import io.moeplan.eplb.Plan;
import io.moeplan.eplb.PlanProblem;
import io.moeplan.eplb.judge.HoldoutSplit;
import io.moeplan.eplb.planfile.PlanFile;
import io.moeplan.eplb.planner.Planner;
import io.moeplan.eplb.planner.Planning;
import io.moeplan.recording.Recording;
import io.moeplan.recording.maps.MapTarget;
import io.moeplan.report.TextReport;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code moeplan plan REC}: which expert goes on which GPU, and how many replicas of it. */
@Command(name = "plan", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Plans which expert goes on which GPU, and how many replicas of it.")
final class PlanCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Mixin
    private RecordingArgument recording;

    @Mixin
    private DeploymentOptions deployment;

    @Mixin
    private PlannerOptions planner;

    @Mixin
    private AdaptOptions adapt;

    @Mixin
    private DispatchOption dispatch;

    @Mixin
    private DeadZoneOption deadZone;

    @Option(names = "--layer-budgets", description = "Give layers different numbers of slots, the same in all: for"
            + " engines that can load that.")
    private boolean layerBudgets;

    @Option(names = "--out", paramLabel = "FILE", required = true, description = "Where to write the plan.")
    private Path out;

    @Override
    public Integer call() throws IOException {
        adapt.check(spec.commandLine());
        NewOutput.requireAbsent(out);
        Recording opened = recording.open();
        HoldoutSplit split = HoldoutSplit.of(recording.trace(opened), planner.holdout());
        PrintWriter stdout = spec.commandLine().getOut();
        Planner chosen = planner.planner(opened, split.plan(), dispatch.rule(), deadZone.asked());
        Plan plan = adapt.adapt(plan(opened, split.plan(), chosen), split.plan(), chosen,
                MapTarget.of(opened.manifest()), stdout);
        PlanFile.write(plan, out);
        stdout.print(dispatch.ignoredBy(chosen));
        stdout.print(TextReport.plan(plan));
        stdout.println("Plan written to " + out);
        stdout.flush();
        return ExitCode.OK;
    }

    private Plan plan(Recording opened, LoadTrace trace, Planner chosen) throws IOException {
        PlanProblem problem = adapt.require(Facts.problem(deployment, opened.manifest()));
        Plan.Model model = Facts.model(opened.manifest());
        return layerBudgets
                ? Planning.planWithLayerBudgets(problem, trace, chosen, model, opened.digest())
                : Planning.plan(problem, trace, chosen, model, opened.digest());
    }
}
