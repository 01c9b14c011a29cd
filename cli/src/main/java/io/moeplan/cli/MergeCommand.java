package io.moeplan.cli;

import io.moeplan.recording.Manifest;
import io.moeplan.recording.imports.Inspection;
import io.moeplan.recording.merge.Merger;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code moeplan merge REC... --out REC}: several recordings as one. */
@Command(name = "merge", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Makes one recording of several of the same model: shards of a workload, days, or the ranks of a"
                + " server. They must agree on layers, experts and mode; a line says how they differ.")
final class MergeCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Parameters(arity = "1..*", paramLabel = "REC", description = "Recordings, in the order of time.")
    private List<Path> recordings;

    @Option(names = "--by", paramLabel = "WHAT", defaultValue = "time", description = {
        "time: each follows the one before; tokens, requests and steps are appended and numbered anew.",
        "rank: steps of the same number ran at the same time on several ranks; their counts are added."
                + " Default: ${DEFAULT-VALUE}."})
    private Merger.By by;

    @Option(names = "--out", paramLabel = "REC", required = true, description = "A new folder for the recording.")
    private Path out;

    @Override
    public Integer call() throws IOException {
        if (recordings.size() < 2) {
            throw new ParameterException(spec.commandLine(), "one recording is nothing to merge: name at least two");
        }
        requireDifferent();
        NewOutput.requireAbsent(out);
        Manifest written = Merger.run(recordings, by, BuildVersion.version(), out);
        PrintWriter stdout = spec.commandLine().getOut();
        stdout.println(String.format(Locale.ROOT, "%s: %d recordings, %,d tokens, %,d requests, %d layers x %d experts,"
                + " %s", out, recordings.size(), written.tokens(), written.requests(), written.layers(),
                written.numExperts(), written.mode().label()));
        stdout.println(by == Merger.By.TIME
                ? "Each follows the one before it; --by rank adds the counts of steps of the same number instead."
                : "Counts of steps of the same number were added.");
        stdout.println("made by: " + Inspection.madeBy(written.origin()));
        stdout.flush();
        return ExitCode.OK;
    }

    private void requireDifferent() {
        Set<Path> seen = new HashSet<>();
        for (Path recording : recordings) {
            if (!seen.add(recording.toAbsolutePath().normalize())) {
                throw new ParameterException(spec.commandLine(),
                        recording + ": named twice, so its tokens would count twice; name it once");
            }
        }
    }
}
