package io.moeplan.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.util.Arrays;
import java.util.List;
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
        footer = {"", "Exit codes: 0 done, 1 failed, 2 wrong usage."})
public final class Moeplan implements Runnable {
    private static final List<Class<?>> COMMANDS = List.of(ProfileCommand.class, RecordCommand.class,
            ImportCommand.class, MergeCommand.class, InspectCommand.class, AnalyzeCommand.class, PlanCommand.class,
            CheckCommand.class,
            CalibrateCommand.class,
            SimulateCommand.class, CompareCommand.class, TrafficCommand.class, ExportCommand.class,
            ReportCommand.class, ModelsCommand.class, HelpCommand.class);

    @Spec
    private CommandSpec spec;

    @Option(names = {"-v", "--verbose"}, scope = ScopeType.INHERIT,
            description = "Say more; print the stack trace of an error.")
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
    static CommandLine commandLine(String... args) {
        Moeplan moeplan = new Moeplan();
        CommandLine commandLine = new CommandLine(moeplan);
        List<String> words = Arrays.asList(args);
        for (Class<?> command : COMMANDS) {
            Command said = command.getAnnotation(Command.class);
            commandLine.addSubcommand(said.name(), words.contains(said.name()) ? command : entry(said));
        }
        PlainWords.register(commandLine);
        commandLine.setUsageHelpAutoWidth(true);
        commandLine.setCaseInsensitiveEnumValuesAllowed(true);
        commandLine.setParameterExceptionHandler(OneLineErrors::wrongUsage);
        commandLine.setExecutionExceptionHandler(new OneLineErrors(moeplan::verbose));
        return commandLine;
    }

    /** Only a line in the list of commands: reading the options of those that are not run takes most of a start's time. */
    private static CommandSpec entry(Command said) {
        CommandSpec entry = CommandSpec.create();
        entry.usageMessage().header(said.header()).description(said.description());
        return entry;
    }

    /** Runs the command and ends the process with its exit code. */
    public static void main(String[] args) throws IOException {
        String training = System.getProperty("moeplan.training");
        System.exit(training == null ? run(args) : StartUpTraining.on(training));
    }

    private static int run(String[] args) {
        try {
            StandardOutput stdout = new StandardOutput(new FileOutputStream(FileDescriptor.out));
            CommandLine commandLine = commandLine(args)
                    .setOut(new PrintWriter(new OutputStreamWriter(stdout, System.out.charset()), true));
            int exit = commandLine.execute(args);
            commandLine.getOut().flush();
            stdout.failure().ifPresent(why -> System.err.println("moeplan: standard output: " + why));
            return stdout.failure().isPresent() && exit == ExitCode.OK ? ExitCode.SOFTWARE : exit;
        } catch (OutOfMemoryError e) {
            System.err
                    .println("moeplan: out of memory (" + e.getMessage() + "); give a smaller --memory, or the JVM more"
                            + " with MOEPLAN_OPTS=-Xmx...");
            return ExitCode.SOFTWARE;
        }
    }
}
