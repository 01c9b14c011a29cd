package io.moeplan.cli;

import io.moeplan.recording.Recording;
import io.moeplan.report.AgreementRendering;
import io.moeplan.report.CsvReport;
import io.moeplan.report.JsonReport;
import io.moeplan.report.TextReport;
import io.moeplan.statistics.Agreement;
import io.moeplan.statistics.Analysis;
import io.moeplan.statistics.Analyzer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code moeplan analyze REC}: how skewed and how stable the recorded loads are. */
@Command(name = "analyze", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Says how skewed the expert loads of a recording are, and how stable; or how far two"
                + " recordings agree.")
final class AnalyzeCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Mixin
    private RecordingArgument recording;

    @Option(names = "--against", paramLabel = "REC", description = "Say instead how far the recording agrees with this"
            + " one of the same workload, made in another precision, on another device, or by another engine.")
    private Path against;

    @Mixin
    private FormatOption format;

    @Override
    public Integer call() throws IOException {
        Recording opened = recording.open();
        if (against != null) {
            Agreement agreement = Agreement.of(opened.tokenTrace(), Recording.open(against).tokenTrace());
            format.print(spec.commandLine().getOut(), () -> AgreementRendering.text(agreement),
                    () -> AgreementRendering.json(agreement), () -> AgreementRendering.csv(agreement));
            return ExitCode.OK;
        }
        Analysis analysis = Analyzer.analyze(recording.trace(opened), opened.loadsByTag());
        format.print(spec.commandLine().getOut(), () -> TextReport.analysis(analysis),
                () -> JsonReport.analysis(analysis), () -> CsvReport.analysis(analysis));
        return ExitCode.OK;
    }
}
