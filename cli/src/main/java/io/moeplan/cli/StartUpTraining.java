package io.moeplan.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import picocli.CommandLine;

/**
 * Run once by the build, not by users: does what most runs do (help, and a plan for a small recording), so that the JVM
 * can keep the classes it loaded in a cache that later starts are faster with.
 */
final class StartUpTraining {
    private StartUpTraining() {}

    /** Returns 0 if all went well. */
    static int on(String recording) throws IOException {
        Path folder = Files.createTempDirectory("moeplan-training");
        Path plan = folder.resolve("plan.json");
        int exit = run("--help") + run("plan", "--help")
                + run("plan", recording, "--gpus", "8", "--algorithm", "deepseek", "--out", plan.toString());
        Files.deleteIfExists(plan);
        Files.delete(folder);
        return exit;
    }

    private static int run(String... args) {
        CommandLine commandLine = Moeplan.commandLine(args);
        commandLine.setOut(new PrintWriter(Writer.nullWriter()));
        return commandLine.execute(args);
    }
}
