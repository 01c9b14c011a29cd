package io.moeplan.cli;

import io.moeplan.recording.Manifest;
import io.moeplan.recording.Recording;
import io.moeplan.report.TextReport;
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
import picocli.CommandLine.Spec;

/** {@code moeplan record}: which experts every token of a workload goes to. */
@Command(name = "record", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Runs a workload through a model and records which experts its tokens go to.")
final class RecordCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Mixin
    private RecordOptions options;

    @Option(names = "--out", paramLabel = "REC", required = true, description = "A new folder for the recording,"
            + " or with --resume the one to continue.")
    private Path out;

    @Option(names = "--seed", paramLabel = "N", defaultValue = "0",
            description = "Seed of generation with a temperature. Default: ${DEFAULT-VALUE}.")
    private long seed;

    @Override
    public Integer call() throws IOException {
        options.check(spec.commandLine());
        if (!options.resume()) {
            NewOutput.requireAbsent(out);
        }
        Optional<String> generated;
        try (RecordingJob job = RecordingJob.open(options, seed, spec.commandLine().getErr())) {
            Manifest ignored = job.record(out);
            generated = job.generated();
        }
        Recording recording = Recording.open(out);
        PrintWriter stdout = spec.commandLine().getOut();
        stdout.print(TextReport.run(Facts.run(recording, recording.trace())));
        generated.ifPresent(stdout::println);
        stdout.println("Recording written to " + out);
        stdout.flush();
        return ExitCode.OK;
    }
}
