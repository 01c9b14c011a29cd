package io.moeplan.cli;

import io.moeplan.engine.cpu.Arithmetic;
import io.moeplan.engine.gemm.Gemm;
import io.moeplan.engine.gemm.Gemms;
import io.moeplan.engine.inspect.Catalogue;
import io.moeplan.engine.inspect.Inspection;
import io.moeplan.engine.inspect.InspectionJson;
import io.moeplan.engine.inspect.InspectionText;
import io.moeplan.engine.inspect.Inspector;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code moeplan models [DIR]}: what this build can run, and what a model takes. */
@Command(name = "models", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Lists the model families and weight formats that can be recorded; with a model folder, says what"
                + " is in it and what recording it takes, without loading it.")
final class ModelsCommand implements Callable<Integer> {
    /** What is printed here has no table that would make sense as CSV. */
    enum Output {
        TEXT, JSON
    }

    @Spec
    private CommandSpec spec;

    @ParentCommand
    private Moeplan moeplan;

    @Parameters(index = "0", arity = "0..1", paramLabel = "DIR",
            description = "Model folder; config.json alone will do for the shapes.")
    private Path directory;

    @Option(names = "--read-rate", paramLabel = "MB/S",
            description = "How fast the disk reads, in millions of bytes per"
                    + " second. Default: measured by reading at most 256 MiB of the weights.")
    private Double readRate;

    @Option(names = "--device", paramLabel = "DEVICE", converter = DeviceName.class,
            description = "cpu, cuda (or cuda:N), or auto for both. Says which arithmetic is used there, with --verbose also"
                    + " why, and whether there is a GPU.")
    private DeviceName.Choice device;

    @Option(names = "--format", paramLabel = "FORMAT", defaultValue = "text",
            description = "text or json. Default: ${DEFAULT-VALUE}.")
    private Output format;

    @Override
    public Integer call() throws IOException {
        if (readRate != null && !(readRate > 0 && readRate < 1e9)) {
            throw new ParameterException(spec.commandLine(), "--read-rate " + readRate + " is not a rate in MB/s");
        }
        String rendering = directory == null ? catalogue() : inspection();
        PrintWriter out = spec.commandLine().getOut();
        out.print(rendering.endsWith("\n") ? rendering : rendering + "\n");
        boolean all = device == null ? moeplan.verbose() : device instanceof DeviceName.Choice.Auto;
        if (format == Output.TEXT && (all || device instanceof DeviceName.Choice.Cuda)) {
            int number = device instanceof DeviceName.Choice.Cuda cuda ? cuda.number() : 0;
            out.printf("%ncuda%s: %s%n", number == 0 ? "" : ":" + number, Devices.describeGpu(number));
        }
        if (format == Output.TEXT && (all || device instanceof DeviceName.Choice.Cpu)) {
            Arithmetic used = Arithmetic.fastest();
            out.printf("%ncpu: %s, %s%s%n", used.precision(), used.how(),
                    moeplan.verbose() ? " (" + used.why() + ")" : "");
            if (moeplan.verbose()) {
                printLadder(out);
            }
        }
        out.flush();
        return ExitCode.OK;
    }

    /** All that the machine has, fastest first, and what it has not. */
    private static void printLadder(PrintWriter out) {
        for (Gemm gemm : Gemms.all()) {
            out.printf("  has %s (%s): %s%n", gemm.name(), gemm.precision().name().toLowerCase(Locale.ROOT),
                    gemm.reason());
        }
        Gemms.missing().forEach(line -> out.printf("  has no %s%n", line));
    }

    private String catalogue() {
        return format == Output.TEXT ? Catalogue.text() : Catalogue.json();
    }

    private String inspection() throws IOException {
        OptionalDouble rate = readRate == null ? OptionalDouble.empty() : OptionalDouble.of(readRate * 1e6);
        Inspection inspection = Inspector.inspect(directory, rate);
        return format == Output.TEXT ? InspectionText.of(inspection) : InspectionJson.of(inspection);
    }
}
