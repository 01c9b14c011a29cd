package io.moeplan.cli;

import io.moeplan.eplb.LoadTrace;
import io.moeplan.recording.CountMatrix;
import io.moeplan.recording.Manifest;
import io.moeplan.recording.Mode;
import io.moeplan.recording.Origin;
import io.moeplan.recording.RecordingWriter;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code moeplan import --from count-matrix FILE --out REC}: others' counts as a recording. */
@Command(name = "import", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Turns expert counts from elsewhere into a recording.")
final class ImportCommand implements Callable<Integer> {
    /** Where counts may come from. */
    enum Source {
        COUNT_MATRIX;

        @Override
        public String toString() {
            return "count-matrix";
        }
    }

    @Spec
    private CommandSpec spec;

    @Option(names = "--from", paramLabel = "SOURCE", required = true, converter = SourceName.class,
            description = "count-matrix: JSON [layers][experts] or [steps][layers][experts].")
    private Source source;

    @Parameters(index = "0", paramLabel = "FILE", description = "The file to read.")
    private Path file;

    @Option(names = "--top-k", paramLabel = "K", defaultValue = "1", description = "Experts per token, which counts do"
            + " not tell. Default: ${DEFAULT-VALUE}.")
    private int topK;

    @Option(names = "--groups", paramLabel = "N", defaultValue = "1",
            description = "Expert groups of the router. Default: ${DEFAULT-VALUE}.")
    private int groups;

    @Option(names = "--out", paramLabel = "REC", required = true, description = "A new folder for the recording.")
    private Path out;

    @Override
    public Integer call() throws IOException {
        NewOutput.requireAbsent(out);
        LoadTrace trace = CountMatrix.read(file, topK);
        Manifest manifest = manifest(trace);
        try (RecordingWriter writer = RecordingWriter.create(out, manifest, RecordingWriter.Options.PLAIN)) {
            for (LoadTrace.Step step : trace.steps()) {
                writer.appendStep(step);
            }
            Manifest written = writer.finish(manifest);
            PrintWriter stdout = spec.commandLine().getOut();
            stdout.println(trace.steps().size() + " steps of " + written.layers() + " layers x " + written.numExperts()
                    + " experts written to " + out);
            stdout.flush();
        }
        return ExitCode.OK;
    }

    private Manifest manifest(LoadTrace trace) {
        List<Integer> layers = Arrays.stream(trace.layerIds()).boxed().toList();
        Manifest.Model model = new Manifest.Model(file.getFileName().toString(), "unknown", null);
        int passTokens = trace.steps().stream().mapToInt(LoadTrace.Step::tokens).max().orElse(1);
        return new Manifest(BuildVersion.version(), model, layers.size(), layers, trace.experts(), topK, groups,
                Mode.PER_PASS, Math.max(1, passTokens), null, new Origin.Import(source.toString()), 0, 0, null, false);
    }
}
