package io.moeplan.cli;

import io.moeplan.engine.record.RecordingMode;
import io.moeplan.recording.Manifest;
import io.moeplan.recording.imports.ImportOptions;
import io.moeplan.recording.imports.Importer;
import io.moeplan.recording.imports.Inspection;
import io.moeplan.recording.imports.SourceFormat;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code moeplan import PATH --out REC}: another engine's dump as a recording. */
@Command(name = "import", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Turns what another engine recorded, or plain expert counts, into a recording.")
final class ImportCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Option(names = "--from", paramLabel = "SOURCE", converter = SourceName.class, description = {
        "What it is. Default: told from its content.", "sglang: dumps of the expert distribution recorder;",
        "tensorrt-llm: a folder of expert statistics;",
        "routed-experts (or vllm): outputs of vLLM or SGLang with routed experts, JSON Lines;",
        "llama-imatrix: llama.cpp's importance matrix, GGUF;",
        "count-matrix: [layers][experts] or [steps][layers][experts] as .json, .npy, .pt, .csv or text."})
    private SourceFormat source;

    @Parameters(index = "0", paramLabel = "PATH", description = "The file or folder to read.")
    private Path path;

    @Option(names = "--mode", paramLabel = "MODE", description = "per-pass or per-token, where the source has both."
            + " Default: what keeps most.", converter = ModeName.class)
    private RecordingMode mode;

    @Option(names = "--top-k", paramLabel = "K", description = "Experts per token, where the source does not tell.")
    private Integer topK;

    @Option(names = "--experts", paramLabel = "N", description = "Experts per layer, where the source does not tell.")
    private Integer experts;

    @Option(names = "--layers", paramLabel = "N", description = "Layers per token in routed experts without a shape.")
    private Integer layers;

    @Option(names = "--groups", paramLabel = "N", defaultValue = "1",
            description = "Expert groups of the router. Default: ${DEFAULT-VALUE}.")
    private int groups;

    @Option(names = "--out", paramLabel = "REC", required = true, description = "A new folder for the recording.")
    private Path out;

    @Override
    public Integer call() throws IOException {
        NewOutput.requireAbsent(out);
        ImportOptions options = new ImportOptions(BuildVersion.version(), topK, experts, layers, groups,
                mode == null ? null : ModeName.recorded(mode));
        Manifest written;
        try (ShareLine progress = new ShareLine()) {
            written = Importer.run(path, source, options, out, progress::update);
        }
        PrintWriter stdout = spec.commandLine().getOut();
        stdout.println(String.format(Locale.ROOT, "%s: %,d tokens, %d layers x %d experts, %s", out, written.tokens(),
                written.layers(), written.numExperts(), written.mode().label()));
        stdout.println(Inspection.madeBy(written.origin()));
        stdout.flush();
        return ExitCode.OK;
    }
}
