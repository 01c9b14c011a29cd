package io.moeplan.recording.imports;

import io.moeplan.recording.Absent;
import io.moeplan.recording.Manifest;
import io.moeplan.recording.Mode;
import io.moeplan.recording.NewFolder;
import java.io.IOException;
import java.nio.file.Path;

/** Turns another engine's dump into a recording. */
public final class Importer {
    private Importer() {}

    /**
     * Reads a source and writes a recording. The heap it takes is bounded by a few passes of the dump, whatever its size.
     *
     * @param source a file or a folder
     * @param format what it is, null to go by its content
     * @param out    a folder that does not exist; it comes into being whole, or not at all
     * @return the recording's manifest; its origin says what the source did not tell
     * @throws IOException              if the source is damaged, of another format or not recognised, naming the file and
     *                                  the tensor or key
     * @throws IllegalArgumentException if the options ask for what the source cannot give
     */
    public static Manifest run(Path source, SourceFormat format, ImportOptions options, Path out,
            ImportProgress progress) throws IOException {
        SourceFormat known = format == null ? Detector.detect(source) : format;
        try (LoadSource opened = open(source, known, options)) {
            return NewFolder.fill(out, folder -> switch (opened) {
                case StepSource steps -> StepImport.run(steps, options, folder, progress);
                case TokenSource tokens -> TokenImport.run(tokens, options, folder, progress);
            });
        }
    }

    static LoadSource open(Path source, SourceFormat format, ImportOptions options) throws IOException {
        LoadSource opened = switch (format) {
            case SGLANG -> SglangDump.open(source);
            case TENSORRT_LLM -> TensorRtLlmDump.open(source, options.mode() == Mode.PER_TOKEN);
            case ROUTED_EXPERTS -> RoutedExperts.open(source, options);
            case LLAMA_IMATRIX -> Imatrix.open(source);
            case COUNT_MATRIX -> CountTable.isOne(source) ? CountTable.open(source) : CountMatrix.open(source);
        };
        try {
            return inMode(source, opened, options.mode());
        } catch (RuntimeException e) {
            opened.close();
            throw e;
        }
    }

    private static LoadSource inMode(Path source, LoadSource opened, Mode mode) {
        return switch (opened) {
            case TokenSource tokens when mode == Mode.PER_PASS || mode == Mode.STAT -> {
                if (!tokens.shape().absent().contains(Absent.REQUESTS)) {
                    throw new IllegalArgumentException(
                            source + ": tells requests, but not the passes they ran in: import"
                                    + " it with --mode per-token, and cut it into passes with --pass-tokens");
                }
                yield new TokensAsSteps(tokens);
            }
            case StepSource steps when mode == Mode.PER_TOKEN -> throw new IllegalArgumentException(
                    source + ": holds counts and not the experts of every token: import it without --mode per-token");
            default -> opened;
        };
    }
}
