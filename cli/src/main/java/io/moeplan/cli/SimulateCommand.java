package io.moeplan.cli;

import io.moeplan.eplb.LoadTrace;
import io.moeplan.eplb.Plan;
import io.moeplan.eplb.judge.HoldoutSplit;
import io.moeplan.eplb.judge.JudgedSteps;
import io.moeplan.eplb.replay.ReplaySplit;
import io.moeplan.recording.Recording;
import io.moeplan.report.CsvReport;
import io.moeplan.report.JsonReport;
import io.moeplan.report.PlanReport;
import io.moeplan.report.TextReport;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.function.Function;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code moeplan simulate REC --plan FILE}: what a plan gains over the steps of a recording. */
@Command(name = "simulate", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Replays a recording's steps under plans and says how even the GPUs are.")
final class SimulateCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Mixin
    private RecordingArgument recording;

    @Option(names = "--plan", paramLabel = PlanArgument.LABEL, required = true, arity = "1..*",
            converter = PlanArgument.Reader.class,
            description = "Plan files; or what is loaded now, as " + PlanArgument.MAPS + ".")
    private List<PlanArgument> plans;

    @Mixin
    private MapDeployment deployment;

    @Mixin
    private DispatchOption dispatch;

    @Mixin
    private DeadZoneOption deadZone;

    @Option(names = "--holdout", paramLabel = "SHARE", description = "Judge on this share of the steps, the last ones;"
            + " 0 judges on all. Default: on the steps that the plan was not made on, if it was made on this recording;"
            + " on all, if it was made on another. With --replay: on the requests after those steps.")
    private Double holdout;

    @Mixin
    private ReplayOptionsMixin replay;

    @Mixin
    private FormatOption format;

    @Override
    public Integer call() throws IOException {
        Recording opened = recording.open();
        Function<Plan, JudgedSteps> steps = replay.asked() ? replayed(opened) : recorded(opened);
        List<PlanReport> reports = new ArrayList<>();
        for (PlanArgument argument : plans) {
            Plan plan = deployment.read(argument, opened, recording);
            reports.add(Judging.report(plan, steps.apply(plan), dispatch.rule(plan), deadZone.ratio()));
        }
        format.print(spec.commandLine().getOut(),
                () -> String.join("\n", reports.stream().map(TextReport::simulation).toList()),
                () -> JsonReport.simulation(reports), () -> CsvReport.simulation(reports));
        return ExitCode.OK;
    }

    private Function<Plan, JudgedSteps> recorded(Recording opened) throws IOException {
        LoadTrace trace = recording.trace(opened);
        String digest = opened.digest();
        return plan -> JudgedSteps.recorded(holdout == null
                ? HoldoutSplit.forPlan(trace, digest, plan)
                : HoldoutSplit.of(trace, holdout));
    }

    private Function<Plan, JudgedSteps> replayed(Recording opened) throws IOException {
        Function<Plan, ReplaySplit> requests = JudgedRequests.of(recording, opened, holdout);
        return plan -> replay.run(requests.apply(plan), plan, dispatch.rule(plan));
    }
}
