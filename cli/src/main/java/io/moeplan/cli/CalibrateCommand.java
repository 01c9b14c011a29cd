package io.moeplan.cli;

import io.moeplan.eplb.search.CostModel;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code moeplan calibrate FILE}: from which imbalance on your MoE layers take longer, and how much. */
@Command(name = "calibrate", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Fits time = flat + slope"
                + " * max(0, max/mean - dead zone) to measured pairs: what balance is worth on your GPUs.")
final class CalibrateCommand implements Callable<Integer> {
    private static final long LARGEST_FILE = 64L << 20;

    @Spec
    private CommandSpec spec;

    @Parameters(index = "0", paramLabel = "FILE",
            description = "CSV with two numbers a line: max/mean of a step, and its"
                    + " time in seconds. A first line without numbers is skipped.")
    private Path file;

    @Override
    public Integer call() throws IOException {
        if (Files.isDirectory(file)) {
            throw new IOException(file + ": is a folder; measurements are a file of two columns: max/mean, seconds");
        }
        if (Files.size(file) > LARGEST_FILE) {
            throw new IOException(file + ": larger than 64 MiB, which no list of measurements needs");
        }
        List<String> lines = Files.readAllLines(file);
        int from = !lines.isEmpty() && lines.getFirst().matches(".*\\p{L}{2}.*") ? 1 : 0;
        double[] ratios = new double[lines.size() - from];
        double[] seconds = new double[ratios.length];
        for (int i = 0; i < ratios.length; i++) {
            String[] cells = lines.get(from + i).strip().split("[,;\\s]+", -1);
            if (cells.length != 2) {
                throw new IOException(file + " line " + (from + i + 1) + ": expected two numbers: max/mean, seconds");
            }
            ratios[i] = number(cells[0], from + i + 1);
            seconds[i] = number(cells[1], from + i + 1);
        }
        CostModel fitted = fit(ratios, seconds);
        PrintWriter out = spec.commandLine().getOut();
        out.printf(Locale.ROOT, "dead zone  %.4f  (max/mean up to which imbalance costs nothing)%n", fitted.deadZone());
        out.printf(Locale.ROOT, "           pass --dead-zone %.4f to plan, profile, simulate, compare and report%n",
                fitted.deadZone());
        out.printf(Locale.ROOT, "flat       %.6g s%n", fitted.flatSeconds());
        out.printf(Locale.ROOT, "slope      %.6g s for each 1.0 of max/mean beyond it%n", fitted.slopeSeconds());
        out.flush();
        return ExitCode.OK;
    }

    private CostModel fit(double[] ratios, double[] seconds) throws IOException {
        try {
            return CostModel.DEFAULT.calibrate(ratios, seconds);
        } catch (IllegalArgumentException e) {
            throw new IOException(file + ": " + e.getMessage(), e);
        }
    }

    private double number(String cell, int line) throws IOException {
        try {
            return Double.parseDouble(cell);
        } catch (NumberFormatException e) {
            throw new IOException(file + " line " + line + ": '" + cell + "' is not a number", e);
        }
    }
}
