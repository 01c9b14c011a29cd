package io.moeplan.cli;

import io.moeplan.eplb.LoadTrace;
import io.moeplan.recording.Recording;
import java.io.IOException;
import java.nio.file.Path;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The recording that a command works on, and how its tokens are cut into steps. */
final class RecordingArgument {
    @Parameters(index = "0", paramLabel = "REC", description = "A recording: the folder that record or profile made.")
    private Path folder;

    @Option(names = "--pass-tokens", paramLabel = "N", converter = AtLeastOne.class,
            description = "Cut a per-token recording into steps of N tokens,"
                    + " as an engine with chunked prefill would. Default: as it was recorded.")
    private Integer passTokens;

    Recording open() throws IOException {
        return Recording.open(folder);
    }

    LoadTrace trace(Recording recording) throws IOException {
        return passTokens == null ? recording.trace() : recording.trace(passTokens);
    }
}
