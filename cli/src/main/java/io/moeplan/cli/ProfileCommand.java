package io.moeplan.cli;

import io.moeplan.engine.model.ModelInfo;
import io.moeplan.eplb.LoadTrace;
import io.moeplan.eplb.Plan;
import io.moeplan.eplb.export.Export;
import io.moeplan.eplb.export.Exporter;
import io.moeplan.eplb.judge.HoldoutSplit;
import io.moeplan.eplb.judge.JudgedSteps;
import io.moeplan.eplb.planfile.PlanFile;
import io.moeplan.eplb.planner.Planning;
import io.moeplan.eplb.replay.ReplaySplit;
import io.moeplan.recording.Recording;
import io.moeplan.report.HtmlReport;
import io.moeplan.report.PlanReport;
import io.moeplan.report.ReportModel;
import io.moeplan.report.TextReport;
import io.moeplan.statistics.Analyzer;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code moeplan profile}: the main job, from a workload to the files that engines load and a report. */
@Command(name = "profile", mixinStandardHelpOptions = true, sortOptions = false,
        description = "The main job in one go: records a workload, analyses it, plans, judges the"
                + " plan on steps it has not seen, exports it for every engine and writes a report.")
final class ProfileCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Mixin
    private RecordOptions options;

    @Mixin
    private DeploymentOptions deployment;

    @Mixin
    private PlannerOptions planner;

    @Mixin
    private DispatchOption dispatch;

    @Mixin
    private DeadZoneOption deadZone;

    @Mixin
    private ReplayOptionsMixin replay;

    @Option(names = "--out", paramLabel = "DIR", required = true, description = "A new folder for recording, plan.json,"
            + " exports and report.html.")
    private Path out;

    @Override
    public Integer call() throws IOException {
        if (replay.asked() && !options.perToken()) {
            throw new ParameterException(spec.commandLine(),
                    "--replay takes the experts of every token: use --mode per-token");
        }
        if (planner.needsTokens() && !options.perToken()) {
            throw new ParameterException(spec.commandLine(),
                    "traffic weights take the experts of every token: use --mode per-token");
        }
        options.check(spec.commandLine());
        planner.check();
        if (!options.resume()) {
            NewOutput.requireAbsent(out);
        }
        if (Files.exists(planFile())) {
            throw new IOException(planFile() + ": exists already, there is nothing to resume");
        }
        Optional<String> generated = record();
        Recording recording = Recording.open(recordingFolder());
        LoadTrace trace = recording.trace();
        HoldoutSplit split = HoldoutSplit.of(trace, planner.holdout());
        Plan plan = plan(recording, split);
        PlanFile.write(plan, planFile());
        PlanReport judged = Judging.report(plan, steps(recording, split, plan), dispatch.rule(), deadZone.ratio());
        ReportModel model = ReportModel.of(Facts.run(recording, trace),
                Analyzer.analyze(trace, recording.loadsByTag()), trace, Optional.of(judged));
        HtmlReport.write(model, out.resolve("report.html"));
        PrintWriter stdout = spec.commandLine().getOut();
        stdout.print(TextReport.full(model));
        stdout.println();
        export(recording, judged.plan(), stdout);
        generated.ifPresent(stdout::println);
        stdout.println("Recording, plan.json, exports and report.html are in " + out);
        stdout.flush();
        return ExitCode.OK;
    }

    private Path planFile() {
        return out.resolve("plan.json");
    }

    private Path recordingFolder() {
        return out.resolve("recording");
    }

    private Optional<String> record() throws IOException {
        try (RecordingJob job = RecordingJob.open(options, planner.seed(), spec.commandLine().getErr())) {
            ModelInfo model = job.model();
            // A deployment that cannot be planned for is refused before the model runs.
            deployment.problem(model.experts(), model.groups());
            if (job.recordedBefore(recordingFolder())) {
                spec.commandLine().getErr()
                        .println("moeplan: " + recordingFolder() + " is complete; what comes after is done");
            } else {
                job.record(recordingFolder());
            }
            return job.generated();
        }
    }

    private Plan plan(Recording recording, HoldoutSplit split) throws IOException {
        return Planning.plan(Facts.problem(deployment, recording.manifest()), split.plan(),
                planner.planner(recording, split.plan(), dispatch.rule(), deadZone.asked()),
                Facts.model(recording.manifest()), recording.digest());
    }

    private JudgedSteps steps(Recording recording, HoldoutSplit split, Plan plan) throws IOException {
        return replay.asked()
                ? replay.run(ReplaySplit.of(recording.tokenTrace(), split), plan, dispatch.rule())
                : JudgedSteps.recorded(split);
    }

    private void export(Recording recording, Plan plan, PrintWriter stdout) throws IOException {
        Path folder = Files.createDirectory(out.resolve("exports"));
        OptionalInt layers = OptionalInt.of(recording.manifest().numHiddenLayers());
        for (Exporter exporter : Exporter.all(layers)) {
            export(exporter, plan, folder.resolve(exporter.suggestedFileName()), stdout);
        }
    }

    /** An engine that cannot hold the plan is no fault of the others. */
    private static void export(Exporter exporter, Plan plan, Path file, PrintWriter stdout) throws IOException {
        try {
            Export export = exporter.write(plan, file);
            stdout.println(exporter.name() + ": " + file);
            export.notes().forEach(note -> stdout.println("  note: " + note));
        } catch (IllegalArgumentException e) {
            stdout.println(exporter.name() + ": not written, " + e.getMessage());
        }
    }
}
