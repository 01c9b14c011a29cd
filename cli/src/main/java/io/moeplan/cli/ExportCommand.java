package io.moeplan.cli;

import io.moeplan.eplb.Plan;
import io.moeplan.eplb.export.Export;
import io.moeplan.eplb.export.Exporter;
import io.moeplan.eplb.planfile.PlanFile;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code moeplan export plan.json --to ENGINE}: the file that an engine loads. */
@Command(name = "export", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Writes a plan as the file that an engine loads, and says how to load it.")
final class ExportCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Parameters(index = "0", paramLabel = "PLAN", description = "A plan file.")
    private Path plan;

    @Option(names = "--to", paramLabel = "ENGINE", required = true,
            description = "sglang, vllm, tensorrt-llm, vllm-ascend or deepseek.")
    private String engine;

    @Option(names = "--decoder-layers", paramLabel = "N", description = "The model's decoder layers, dense ones"
            + " included: SGLang's file has a row for each. Default: up to the last MoE layer.")
    private Integer decoderLayers;

    @Option(names = "--out", paramLabel = "FILE", required = true, description = "Where to write it.")
    private Path out;

    @Override
    public Integer call() throws IOException {
        NewOutput.requireAbsent(out);
        Exporter exporter = Exporter.named(engine,
                decoderLayers == null ? OptionalInt.empty() : OptionalInt.of(decoderLayers));
        Plan read = PlanFile.read(plan);
        Export export = exporter.write(read, out);
        PrintWriter stdout = spec.commandLine().getOut();
        stdout.println("Written: " + out);
        export.notes().forEach(note -> stdout.println("Note: " + note));
        stdout.println(exporter.howToLoad(read, out).stripTrailing());
        stdout.flush();
        return ExitCode.OK;
    }
}
