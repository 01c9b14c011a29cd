package io.moeplan.cli;

import io.moeplan.eplb.Plan;
import io.moeplan.eplb.export.Export;
import io.moeplan.eplb.export.Exporter;
import io.moeplan.eplb.export.SglangExporter;
import io.moeplan.eplb.export.VllmExporter;
import io.moeplan.recording.Manifest;
import io.moeplan.recording.Recording;
import io.moeplan.recording.exports.RecordingExport;
import io.moeplan.recording.exports.RecordingFormat;
import io.moeplan.recording.maps.MapTarget;
import io.moeplan.recording.maps.SglangArchive;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** {@code moeplan export PLAN|REC --to WHAT}: the file that an engine loads, or that others' tools read. */
@Command(name = "export", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Writes a plan as the file that an engine loads, and says how to load it; or a recording as a file"
                + " that others' tools read.")
final class ExportCommand implements Callable<Integer> {
    /** How vLLM's map is written. */
    enum Form {
        PER_LAYER, LIST
    }

    @Spec
    private CommandSpec spec;

    @Parameters(index = "0", paramLabel = "PLAN|REC", converter = PlanArgument.Reader.class,
            description = "A plan file, or " + PlanArgument.MAPS + "; or a recording.")
    private PlanArgument source;

    @Option(names = "--to", paramLabel = "WHAT", required = true, description = {
        "Of a plan: sglang (.json or .pt, by the name of --out), vllm, tensorrt-llm, vllm-ascend or deepseek.",
        "Of a recording: sglang-stat (.pt, what SGLang's recorder dumps), count-matrix ([steps][layers][experts] as"
                + " .json, .npy, .pt, .csv or .txt, by the name of --out), csv or parquet."})
    private String format;

    @Option(names = "--decoder-layers", paramLabel = "N", description = "The model's decoder layers, dense ones"
            + " included: SGLang's file has a row for each. Default: those of --check-against; else up to the last MoE"
            + " layer.")
    private Integer decoderLayers;

    @Option(names = "--check-against", paramLabel = "CONFIG", description = "The model's config.json, or its folder:"
            + " refuse a plan that does not have its layers and experts.")
    private Path config;

    @Option(names = "--form", paramLabel = "FORM", description = "Of vLLM's map: per-layer (a list for each MoE layer),"
            + " or list (one list for all; they must be laid out alike). Default: per-layer.",
            converter = FormReader.class)
    private Form form;

    @Option(names = "--sum", description = "Of a recording: the sum of all steps, [layers][experts], as the EPLB"
            + " reference takes it.")
    private boolean sum;

    @Option(names = "--pass-tokens", paramLabel = "N", converter = AtLeastOne.class,
            description = "Cut a per-token recording into steps of N tokens."
                    + " Default: as it was recorded.")
    private Integer passTokens;

    @Mixin
    private MapDeployment deployment;

    @Option(names = "--out", paramLabel = "FILE", required = true, description = "Where to write it.")
    private Path out;

    private static final class FormReader implements ITypeConverter<Form> {
        @Override
        public Form convert(String value) {
            return switch (value) {
                case "list" -> Form.LIST;
                case "per-layer" -> Form.PER_LAYER;
                default -> throw new TypeConversionException(
                        "'" + value + "' is neither per-layer nor list");
            };
        }
    }

    @Override
    public Integer call() throws IOException {
        Optional<RecordingFormat> ofRecording = RecordingFormat.ofLabel(format);
        if (ofRecording.isEmpty() && !Exporter.names().contains(format)) {
            throw wrong("unknown format \"" + format + "\": use one of "
                    + Stream.concat(Exporter.names().stream(), RecordingFormat.labels().stream())
                            .collect(Collectors.joining(", ")));
        }
        NewOutput.requireAbsent(out);
        if (Files.notExists(source.file())) {
            throw new NoSuchFileException(source.file().toString());
        }
        boolean recording = Files.isRegularFile(source.file().resolve(Manifest.FILE_NAME));
        if (recording && ofRecording.isEmpty()) {
            throw wrong(source.file() + " is a recording: make a plan of it first (moeplan plan), or write it --to "
                    + String.join("|", RecordingFormat.labels()));
        }
        if (!recording && ofRecording.isPresent()) {
            throw wrong(source.file() + " is no recording: --to " + format + " writes recordings");
        }
        return recording ? exportRecording(ofRecording.get()) : exportPlan();
    }

    private Integer exportRecording(RecordingFormat to) throws IOException {
        if (decoderLayers != null || config != null || form != null) {
            throw wrong("--decoder-layers, --check-against and --form are for plans, " + source.file()
                    + " is a recording");
        }
        Recording opened = Recording.open(source.file());
        List<String> notes = RecordingExport.write(opened,
                () -> passTokens == null ? opened.trace() : opened.trace(passTokens), to, sum, out);
        print(notes, List.of());
        return ExitCode.OK;
    }

    private Integer exportPlan() throws IOException {
        if (sum || passTokens != null) {
            throw wrong("--sum and --pass-tokens are for recordings, " + source.file() + " is a plan");
        }
        if (form != null && !format.equals("vllm")) {
            throw wrong("--form is for --to vllm");
        }
        Optional<ModelFacts> model = config == null ? Optional.empty() : Optional.of(ModelFacts.read(config));
        Plan plan = deployment.read(source, model.map(ModelFacts::target).orElse(MapTarget.ANY));
        if (model.isPresent()) {
            model.get().require(source.file(), plan);
        }
        Exporter exporter = exporter(model);
        List<String> notes;
        if (exporter instanceof SglangExporter sglang && out.toString().endsWith(".pt")) {
            SglangArchive.write(sglang, plan, out);
            notes = sglang.notes(plan);
        } else {
            Export export = exporter.write(plan, out);
            notes = export.notes();
        }
        List<String> checked = model.map(facts -> List.of("Checked against " + facts.compared())).orElse(List.of());
        print(Stream.concat(checked.stream(), notes.stream().map(note -> "Note: " + note)).toList(),
                exporter.howToLoad(plan, out).lines().toList());
        return ExitCode.OK;
    }

    private Exporter exporter(Optional<ModelFacts> model) {
        if (form == Form.LIST) {
            return new VllmExporter(true);
        }
        OptionalInt layers = decoderLayers != null
                ? OptionalInt.of(decoderLayers)
                : model.map(facts -> OptionalInt.of(facts.decoderLayers())).orElse(OptionalInt.empty());
        return Exporter.named(format, layers);
    }

    private void print(List<String> notes, List<String> howTo) {
        PrintWriter stdout = spec.commandLine().getOut();
        stdout.println("Written: " + out);
        notes.forEach(stdout::println);
        howTo.forEach(stdout::println);
        stdout.flush();
    }

    private ParameterException wrong(String problem) {
        return new ParameterException(spec.commandLine(), problem);
    }
}
