package io.moeplan.cli;

import io.moeplan.eplb.LoadTrace;
import io.moeplan.eplb.Plan;
import io.moeplan.eplb.dispatch.Dispatch;
import io.moeplan.eplb.judge.HoldoutSplit;
import io.moeplan.eplb.judge.JudgedSteps;
import io.moeplan.recording.Recording;
import io.moeplan.report.HtmlReport;
import io.moeplan.report.PlanReport;
import io.moeplan.report.ReportModel;
import io.moeplan.report.TextReport;
import io.moeplan.statistics.Analyzer;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code moeplan report REC [--plan FILE] --out report.html}: one page that says it all. */
@Command(name = "report", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Writes one self-contained HTML page on a recording and a plan; the same as"
                + " text on stdout.")
final class ReportCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Mixin
    private RecordingArgument recording;

    @Option(names = "--plan", paramLabel = PlanArgument.LABEL, converter = PlanArgument.Reader.class,
            description = "A plan file, judged as simulate does; or " + PlanArgument.MAPS + ".")
    private PlanArgument planFile;

    @Mixin
    private MapDeployment deployment;

    @Mixin
    private DispatchOption dispatch;

    @Mixin
    private DeadZoneOption deadZone;

    @Mixin
    private ReplayOptionsMixin replay;

    @Option(names = "--out", paramLabel = "FILE", required = true, description = "Where to write the page.")
    private Path out;

    @Override
    public Integer call() throws IOException {
        if (replay.asked() && planFile == null) {
            throw new ParameterException(spec.commandLine(), "--replay is what a plan is judged on: add --plan FILE");
        }
        NewOutput.requireAbsent(out);
        Recording opened = recording.open();
        LoadTrace trace = recording.trace(opened);
        Optional<PlanReport> plan = planFile == null
                ? Optional.empty()
                : Optional.of(judged(deployment.read(planFile, opened, recording), opened, trace));
        ReportModel model = ReportModel.of(Facts.run(opened, trace), Analyzer.analyze(trace, opened.loadsByTag()),
                trace, plan);
        HtmlReport.write(model, out);
        PrintWriter stdout = spec.commandLine().getOut();
        stdout.print(TextReport.full(model));
        stdout.println("Report written to " + out);
        stdout.flush();
        return ExitCode.OK;
    }

    private PlanReport judged(Plan plan, Recording opened, LoadTrace trace) throws IOException {
        Dispatch rule = dispatch.rule(plan);
        JudgedSteps steps = replay.asked()
                ? replay.run(JudgedRequests.of(recording, opened, null).apply(plan), plan, rule)
                : JudgedSteps.recorded(HoldoutSplit.forPlan(trace, opened.digest(), plan));
        return Judging.report(plan, steps, rule, deadZone.ratio());
    }
}
