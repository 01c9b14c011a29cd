package io.moeplan.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

final class WavePlanTest {
    @Test
    void fillsWavesInOrderAndNeverSplitsARequest() {
        int[] lengths = {3, 4, 9, 1, 1, 100, 2};
        List<WavePlan.Range> waves = WavePlan.of(lengths, (tokens, longest) -> tokens * 10 + longest, 110, 1000);
        assertThat(waves).containsExactly(new WavePlan.Range(0, 2), new WavePlan.Range(2, 4), new WavePlan.Range(4, 5),
                new WavePlan.Range(5, 6), new WavePlan.Range(6, 7));
        assertThat(WavePlan.of(lengths, (tokens, longest) -> 0, 1, 12)).startsWith(new WavePlan.Range(0, 2));
        assertThat(WavePlan.of(new int[0], (tokens, longest) -> 0, 1, 12)).isEmpty();
    }
}
