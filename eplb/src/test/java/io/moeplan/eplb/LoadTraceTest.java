package io.moeplan.eplb;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class LoadTraceTest {
    private static final LoadTrace TRACE = new LoadTrace(new int[]{3, 4}, 2,
            List.of(new LoadTrace.Step(0, Phase.PREFILL, 5, new int[]{5, 0, 2, 3}),
                    new LoadTrace.Step(1, Phase.DECODE, 3, new int[]{1, 2, 3, 0})));

    @Test
    void totalsSumOverSteps() {
        assertThat(TRACE.totals(0)).containsExactly(6, 2);
        assertThat(TRACE.totals(1)).containsExactly(5, 3);
        assertThat(TRACE.tokens()).isEqualTo(8);
    }

    @Test
    void sliceKeepsItsSteps() {
        assertThat(TRACE.slice(1, 2).totals(0)).containsExactly(1, 2);
    }

    @Test
    void countsOfTheWrongShapeAreRefused() {
        List<LoadTrace.Step> steps = List.of(new LoadTrace.Step(7, Phase.MIXED, 1, new int[]{1}));
        assertThatThrownBy(() -> new LoadTrace(new int[]{0}, 2, steps)).hasMessageContaining("step 7");
    }
}
