package io.moeplan.cli;

import io.moeplan.recording.Recording;
import io.moeplan.report.CsvReport;
import io.moeplan.report.JsonReport;
import io.moeplan.report.TextReport;
import io.moeplan.statistics.Analysis;
import io.moeplan.statistics.Analyzer;
import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code moeplan analyze REC}: how skewed and how stable the recorded loads are. */
@Command(name = "analyze", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Says how skewed the expert loads of a recording are, and how stable.")
final class AnalyzeCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Mixin
    private RecordingArgument recording;

    @Mixin
    private FormatOption format;

    @Override
    public Integer call() throws IOException {
        Recording opened = recording.open();
        Analysis analysis = Analyzer.analyze(recording.trace(opened), opened.loadsByTag());
        format.print(spec.commandLine().getOut(), () -> TextReport.analysis(analysis),
                () -> JsonReport.analysis(analysis), () -> CsvReport.analysis(analysis));
        return ExitCode.OK;
    }
}
