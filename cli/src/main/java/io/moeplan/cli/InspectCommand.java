package io.moeplan.cli;

import io.moeplan.recording.imports.Inspection;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code moeplan inspect ANYTHING}: what a file or folder is. */
@Command(name = "inspect", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Says what files and folders are: recordings, plans, models, other engines' dumps and maps.")
final class InspectCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Parameters(arity = "1..*", paramLabel = "PATH", description = "Files or folders.")
    private List<Path> paths;

    @Override
    public Integer call() throws IOException {
        PrintWriter stdout = spec.commandLine().getOut();
        for (Path path : paths) {
            Inspection found = Inspection.of(path);
            stdout.println(path + ": " + found.what());
            found.details().forEach(line -> stdout.println("    " + line));
        }
        stdout.flush();
        return ExitCode.OK;
    }
}
