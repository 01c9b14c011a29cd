package io.moeplan.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.moeplan.engine.GenerationProgress;
import io.moeplan.engine.Progress;
import io.moeplan.eplb.compare.Candidate;
import io.moeplan.eplb.compare.ComparisonRow;
import io.moeplan.eplb.compare.Slots;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class ProgressLineTest {
    @Test
    void saysLayerSpeedAndTimeLeft() {
        Progress progress = new Progress(1, 1, 3, 6, 10, 100, 100, 0.4, 8, 5210.4, 12);
        assertThat(ProgressLine.render(progress))
                .isEqualTo("[########            ] layer 3/6, 5,210 tokens/s, 0:12 left");
    }

    @Test
    void saysTheWaveWhereThereAreSeveral() {
        Progress progress = new Progress(2, 7, 61, 61, 10, 100, 100, 1, 8, 99, 3 * 3600 + 62);
        assertThat(ProgressLine.render(progress))
                .isEqualTo("[####################] layer 61/61, wave 2/7, 99 tokens/s, 3:01:02 left");
    }

    @Test
    void saysHowManyResponsesAreThere() {
        assertThat(ProgressLine.render(new GenerationProgress(12, 64, 1240, 3210, 4)))
                .isEqualTo("generating: 12 of 1,240 responses, 64 in the batch, 3,210 tokens, 803 tokens/s");
    }

    @Test
    void beforeAnythingIsDoneTheTimeLeftIsUnknown() {
        Progress progress = new Progress(1, 1, 1, 6, 0, 100, 100, 0, 0, 0, Double.POSITIVE_INFINITY);
        assertThat(ProgressLine.render(progress)).endsWith("0 tokens/s, ? left");
    }

    @Test
    void comparisonsShowWhatIsDoneAndWhatIsUnderWay() {
        ByteArrayOutputStream shown = new ByteArrayOutputStream();
        Candidate candidate = new Candidate("search", 8, new Slots.PerGpu(5));
        try (CompareProgress progress = CompareProgress
                .of(ProgressLine.on(new PrintStream(shown, true, StandardCharsets.UTF_8)), 1)) {
            progress.started(candidate);
            progress.finished(new ComparisonRow.Impossible(candidate, "too few"));
            progress.started(candidate);
        }
        assertThat(shown.toString(StandardCharsets.UTF_8).replace("\r\u001b[K", "|")).isEqualTo(
                "|[                    ] plan 1/1: search, 8 GPUs, 5 slots per GPU, ? left"
                        + "|search, 8 GPUs, 5 slots per GPU: too few\n"
                        + "|looking for the target: search, 8 GPUs, 5 slots per GPU|");
    }

    @Test
    void nothingIsDrawnWhereThereIsNoTerminal() {
        try (ProgressLine line = ProgressLine.on(null)) {
            line.update("text");
            line.print("text");
        }
    }
}
