package io.moeplan.cli;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** The program: {@code moeplan COMMAND ...}. */
@Command(name = "moeplan", mixinStandardHelpOptions = true, versionProvider = BuildVersion.class, sortOptions = false,
        synopsisSubcommandLabel = "COMMAND",
        description = "Profiles Mixture-of-Experts models offline and plans where their experts go.",
        subcommands = {ProfileCommand.class, RecordCommand.class, ImportCommand.class, AnalyzeCommand.class,
            PlanCommand.class, CheckCommand.class, CalibrateCommand.class,
            SimulateCommand.class, CompareCommand.class, TrafficCommand.class, ExportCommand.class, ReportCommand.class,
            HelpCommand.class},
        footer = {"", "Exit codes: 0 done, 1 failed, 2 wrong usage."})
public final class Moeplan implements Runnable {
    @Spec
    private CommandSpec spec;

    @Option(names = "--verbose", scope = ScopeType.INHERIT, description = "Print the stack trace of an error.")
    private boolean verbose;

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "no command given");
    }

    /** Whether errors come with their stack trace. */
    boolean verbose() {
        return verbose;
    }

    /** The command line as it is run and as its tests run it. */
    static CommandLine commandLine() {
        Moeplan moeplan = new Moeplan();
        CommandLine commandLine = new CommandLine(moeplan);
        commandLine.setUsageHelpAutoWidth(true);
        commandLine.setCaseInsensitiveEnumValuesAllowed(true);
        commandLine.setParameterExceptionHandler(OneLineErrors::wrongUsage);
        commandLine.setExecutionExceptionHandler(new OneLineErrors(moeplan::verbose));
        return commandLine;
    }

    /** Runs the command and ends the process with its exit code. */
    public static void main(String[] args) {
        System.exit(run(args));
    }

    private static int run(String[] args) {
        try {
            return commandLine().execute(args);
        } catch (OutOfMemoryError e) {
            System.err
                    .println("moeplan: out of memory (" + e.getMessage() + "); give a smaller --memory, or the JVM more"
                            + " with MOEPLAN_OPTS=-Xmx...");
            return ExitCode.SOFTWARE;
        }
    }
}
