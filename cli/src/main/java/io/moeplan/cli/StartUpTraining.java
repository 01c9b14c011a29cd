package io.moeplan.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import picocli.CommandLine;

/**
 * Run once by the build, not by users: does what most runs do (help, a small recording, and a plan), so that the JVM can
 * keep what it learned, the classes it loaded and which methods are worth compiling, in a cache that later starts are faster
 * with.
 */
final class StartUpTraining {
    private static final String REQUESTS = "40";

    private StartUpTraining() {}

    /**
     * Returns 0 if all went well.
     *
     * @param samples the folder with a model, workloads and a recording
     */
    static int on(String samples) throws IOException {
        Path from = Path.of(samples);
        Path folder = Files.createTempDirectory("moeplan-training");
        int exit = run("--help") + run("plan", "--help");
        for (String precision : List.of("auto", "fp32")) {
            exit += run("record", "--model", from.resolve("model").toString(), "--workload",
                    from.resolve("workloads/mixed.jsonl").toString(), "--limit", REQUESTS, "--precision", precision,
                    "--out", folder.resolve(precision).toString());
        }
        exit += run("plan", from.resolve("recording").toString(), "--gpus", "8", "--algorithm", "deepseek", "--out",
                folder.resolve("plan.json").toString());
        delete(folder);
        return exit;
    }

    private static void delete(Path folder) throws IOException {
        try (Stream<Path> tree = Files.walk(folder)) {
            for (Path path : tree.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }

    private static int run(String... args) {
        CommandLine commandLine = Moeplan.commandLine(args);
        commandLine.setOut(new PrintWriter(Writer.nullWriter()));
        commandLine.setErr(new PrintWriter(Writer.nullWriter()));
        return commandLine.execute(args);
    }
}
