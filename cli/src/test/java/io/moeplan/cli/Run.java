package io.moeplan.cli;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import picocli.CommandLine;

/** A command line run inside the test: its exit code and what it printed. */
record Run(int exit, String out, String err) {
    /** The sample model that the README's quickstart uses. */
    static final Path MODEL = Path.of("../samples/model").toAbsolutePath().normalize();
    static final Path WORKLOAD = Path.of("../samples/workloads/mixed.jsonl").toAbsolutePath().normalize();

    static Run moeplan(Object... args) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        String[] words = Arrays.stream(args).map(Object::toString).toArray(String[]::new);
        CommandLine commandLine = Moeplan.commandLine(words);
        commandLine.setOut(new PrintWriter(out));
        commandLine.setErr(new PrintWriter(err));
        int exit = commandLine.execute(words);
        return new Run(exit, out.toString(), err.toString());
    }

    List<String> errorLines() {
        return err.lines().toList();
    }
}
