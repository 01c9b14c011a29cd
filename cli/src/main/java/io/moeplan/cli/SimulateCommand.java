package io.moeplan.cli;

import io.moeplan.eplb.Dispatch;
import io.moeplan.eplb.HoldoutSplit;
import io.moeplan.eplb.LoadTrace;
import io.moeplan.eplb.Plan;
import io.moeplan.eplb.PlanFile;
import io.moeplan.eplb.Simulation;
import io.moeplan.eplb.SimulationResult;
import io.moeplan.eplb.Verdicts;
import io.moeplan.recording.Recording;
import io.moeplan.report.CsvReport;
import io.moeplan.report.JsonReport;
import io.moeplan.report.PlanReport;
import io.moeplan.report.TextReport;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
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

    @Option(names = "--plan", paramLabel = "FILE", required = true, arity = "1..*", description = "Plan files.")
    private List<Path> plans;

    @Option(names = "--dispatch", paramLabel = "NAME", defaultValue = "even",
            description = "How tokens are split over an expert's replicas. Default: ${DEFAULT-VALUE}.")
    private String dispatch;

    @Option(names = "--holdout", paramLabel = "SHARE", description = "Judge on this share of the steps, the last ones;"
            + " 0 judges on all. Default: on the steps that the plan was not made on, if it was made on this recording;"
            + " on all, if it was made on another.")
    private Double holdout;

    @Mixin
    private FormatOption format;

    @Override
    public Integer call() throws IOException {
        Recording opened = recording.open();
        LoadTrace trace = recording.trace(opened);
        List<PlanReport> reports = new ArrayList<>();
        for (Path file : plans) {
            reports.add(report(PlanFile.read(file), trace, opened.digest()));
        }
        format.print(spec.commandLine().getOut(),
                () -> reports.stream().map(TextReport::simulation).collect(Collectors.joining("\n")),
                () -> JsonReport.simulation(reports), () -> CsvReport.simulation(reports));
        return ExitCode.OK;
    }

    private PlanReport report(Plan plan, LoadTrace trace, String digest) {
        HoldoutSplit split = holdout == null
                ? HoldoutSplit.forPlan(trace, digest, plan)
                : HoldoutSplit.of(trace, holdout);
        SimulationResult result = Simulation.run(split.judged(), plan, Dispatch.named(dispatch), split.holdout());
        return new PlanReport(plan, result, Verdicts.of(result));
    }
}
