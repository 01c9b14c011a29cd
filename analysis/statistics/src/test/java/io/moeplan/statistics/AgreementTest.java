package io.moeplan.statistics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.moeplan.eplb.TokenTrace;
import java.util.List;
import org.junit.jupiter.api.Test;

final class AgreementTest {
    /** Two tokens, two layers, top 2 of 4. */
    private static TokenTrace trace(int... experts) {
        short[] chosen = new short[experts.length];
        for (int i = 0; i < experts.length; i++) {
            chosen[i] = (short) experts[i];
        }
        return new TokenTrace(new int[]{3, 4}, 4, 2, List.of(new TokenTrace.Request(1, 1, chosen)));
    }

    @Test
    void countsSetsAndShifts() {
        Agreement agreement = Agreement.of(trace(0, 1, 2, 3, 0, 2, 1, 3), trace(1, 0, 2, 3, 0, 3, 3, 1));
        assertThat(agreement.tokens()).isEqualTo(2);
        assertThat(agreement.same()).containsExactly(0.5, 1);
        assertThat(agreement.shift()).containsExactly(0.5, 0);
        assertThat(agreement.overall()).isEqualTo(0.75, within(1e-12));
        assertThat(agreement.largestShift()).isEqualTo(0.5);
    }

    @Test
    void refusesOtherWorkloads() {
        TokenTrace longer = new TokenTrace(new int[]{3, 4}, 4, 2,
                List.of(new TokenTrace.Request(1, 0, new short[]{0, 1, 2, 3})));
        assertThatThrownBy(() -> Agreement.of(trace(0, 1, 2, 3, 0, 2, 1, 3), longer))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("same model and workload: tokens of request 0 2 and 1");
    }
}
