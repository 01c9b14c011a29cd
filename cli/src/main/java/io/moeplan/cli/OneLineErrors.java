package io.moeplan.cli;

import io.moeplan.engine.cuda.driver.CudaException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.function.BooleanSupplier;
import picocli.CommandLine;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/** Errors as one line on stderr; the stack trace only where it was asked for, or where the fault is moeplan's own. */
final class OneLineErrors implements IExecutionExceptionHandler {
    /** What shells report for a program ended by Ctrl-C; who was interrupted has said so itself. */
    private static final int INTERRUPTED = 130;

    private final BooleanSupplier verbose;

    OneLineErrors(BooleanSupplier verbose) {
        this.verbose = verbose;
    }

    /** Exit code 2: the command line itself is wrong. */
    static int wrongUsage(ParameterException e, String[] args) {
        CommandLine command = e.getCommandLine();
        String problem = e instanceof UnmatchedArgumentException unknown
                ? unknown(unknown, command)
                : e.getMessage().replaceFirst("^Error: ", "");
        command.getErr()
                .println("moeplan: " + problem + " (see '" + command.getCommandSpec().qualifiedName() + " --help')");
        return ExitCode.USAGE;
    }

    private static String unknown(UnmatchedArgumentException e, CommandLine command) {
        String word = e.getUnmatched().getFirst();
        String kind = word.startsWith("-") ? "option" : command.getParent() == null ? "command" : "argument";
        List<String> alike = e.getSuggestions().stream().map(text -> text.replaceAll("[= ].*", "")).distinct().limit(2)
                .toList();
        return "unknown " + kind + " '" + word + "'"
                + (alike.isEmpty() ? "" : ": did you mean " + String.join(" or ", alike) + "?");
    }

    /** Exit code 1: the command failed. */
    @Override
    public int handleExecutionException(Exception e, CommandLine command, ParseResult parsed) {
        if (e instanceof CancellationException) {
            return INTERRUPTED;
        }
        if (verbose.getAsBoolean()) {
            e.printStackTrace(command.getErr());
        }
        command.getErr().println("moeplan: " + line(e));
        return ExitCode.SOFTWARE;
    }

    private static String line(Exception e) {
        return switch (e) {
            case NoSuchFileException missing -> missing.getFile() + ": no such file or directory";
            case AccessDeniedException denied -> denied.getFile() + ": permission denied";
            case FileAlreadyExistsException exists -> exists.getFile() + ": exists already";
            case IOException io -> said(io);
            case UncheckedIOException unchecked -> line(unchecked.getCause());
            case IllegalArgumentException refused -> said(refused);
            case CudaException cuda -> "the GPU failed: " + cuda.getMessage();
            default -> "internal error, please report it with the output of --verbose: " + e;
        };
    }

    private static String said(Exception e) {
        return e.getMessage() == null ? e.toString() : e.getMessage();
    }
}
