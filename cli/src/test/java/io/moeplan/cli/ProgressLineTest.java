package io.moeplan.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.moeplan.engine.GenerationProgress;
import io.moeplan.engine.Progress;
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
}
