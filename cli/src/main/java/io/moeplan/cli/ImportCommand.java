package io.moeplan.cli;

import io.moeplan.engine.record.RecordingMode;
import io.moeplan.eplb.Plan;
import io.moeplan.eplb.planfile.PlanFile;
import io.moeplan.recording.Manifest;
import io.moeplan.recording.Recording;
import io.moeplan.recording.imports.ImportOptions;
import io.moeplan.recording.imports.Importer;
import io.moeplan.recording.imports.Inspection;
import io.moeplan.recording.maps.EngineMap;
import io.moeplan.recording.maps.MapTarget;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code moeplan import PATH --out OUT}: another engine's dump as a recording, its map as a plan. */
@Command(name = "import", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Turns what another engine recorded, or plain expert counts, into a recording; and the map that an"
                + " engine loads into a plan file.")
final class ImportCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Option(names = "--from", paramLabel = "SOURCE", converter = ImportSource.Reader.class, description = {
        "What it is. Default: told from its content.",
        "sglang: dumps of the expert distribution recorder, or a map, .json or .pt;",
        "tensorrt-llm: a folder of expert statistics, or a load balancer's YAML;",
        "routed-experts: outputs of vLLM or SGLang with routed experts, JSON Lines;",
        "vllm: the same, or a map: one list of experts or one per MoE layer;",
        "vllm-ascend, deepseek: a map;",
        "llama-imatrix: llama.cpp's importance matrix, GGUF;",
        "count-matrix: [layers][experts] or [steps][layers][experts] as .json, .npy, .pt, .csv or text."})
    private ImportSource source = ImportSource.ANY;

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

    @Mixin
    private MapDeployment deployment;

    @Option(names = "--for", paramLabel = "REC", description = "The recording that a map is to be used with: it tells"
            + " which layers are MoE, and loads to work the plan's figures out from.")
    private Path recording;

    @Option(names = "--out", paramLabel = "OUT", required = true,
            description = "A new folder for the recording, or a new plan file.")
    private Path out;

    @Override
    public Integer call() throws IOException {
        NewOutput.requireAbsent(out);
        Optional<EngineMap> map = source.map(path);
        return map.isPresent() ? importMap(map.get()) : importLoads();
    }

    private Integer importMap(EngineMap map) throws IOException {
        if (mode != null || topK != null || experts != null || layers != null) {
            throw new ParameterException(spec.commandLine(), path + " is a map of " + map.engine().label()
                    + "'s: --mode, --top-k, --experts and --layers are for loads");
        }
        Plan plan = deployment.read(map, target());
        PlanFile.write(plan, out);
        PrintWriter stdout = spec.commandLine().getOut();
        stdout.println(String.format(Locale.ROOT, "%s: a plan of %d layers x %d experts in %d slots on %d GPUs, as %s"
                + " lays it out", out, plan.layers().size(), plan.model().experts(), plan.topology().slots(),
                plan.topology().gpus(), map.engine().label()));
        if (recording == null) {
            stdout.println(
                    "Without loads its figures say that all is even, and layers are numbered as the map has them;"
                            + " --for REC knows better.");
        }
        stdout.flush();
        return ExitCode.OK;
    }

    private MapTarget target() throws IOException {
        if (recording == null) {
            return MapTarget.ANY;
        }
        Recording opened = Recording.open(recording);
        return MapTarget.of(opened.manifest()).with(opened.trace(), opened.digest());
    }

    private Integer importLoads() throws IOException {
        if (recording != null) {
            throw new ParameterException(spec.commandLine(), path + " is no map: --for is for maps");
        }
        ImportOptions options = new ImportOptions(BuildVersion.version(), topK, experts, layers, groups,
                mode == null ? null : ModeName.recorded(mode));
        Manifest written;
        try (ShareLine progress = new ShareLine()) {
            written = Importer.run(path, source.loads().orElse(null), options, out, progress::update);
        }
        PrintWriter stdout = spec.commandLine().getOut();
        stdout.println(String.format(Locale.ROOT, "%s: %,d tokens, %d layers x %d experts, %s", out, written.tokens(),
                written.layers(), written.numExperts(), written.mode().label()));
        stdout.println(Inspection.madeBy(written.origin()));
        stdout.flush();
        return ExitCode.OK;
    }
}
