package io.moeplan.cli;

import java.io.PrintWriter;
import java.util.function.Supplier;
import picocli.CommandLine.Option;

/** {@code --format} of the commands whose results a machine might read. */
final class FormatOption {
    @Option(names = "--format", paramLabel = "FORMAT", defaultValue = "text",
            description = "text, json or csv. Default: ${DEFAULT-VALUE}.")
    private Format format;

    /** Prints the one of three renderings that was asked for. */
    void print(PrintWriter out, Supplier<String> text, Supplier<String> json, Supplier<String> csv) {
        String rendering = switch (format) {
            case TEXT -> text.get();
            case JSON -> json.get();
            case CSV -> csv.get();
        };
        out.print(rendering.endsWith("\n") ? rendering : rendering + "\n");
        out.flush();
    }
}
