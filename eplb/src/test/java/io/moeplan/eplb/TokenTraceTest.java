package io.moeplan.eplb;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class TokenTraceTest {
    @Test
    void countsItsTokens() {
        TokenTrace trace = new TokenTrace(new int[]{3}, 70_000, 2,
                List.of(TestTokens.request(1, new int[]{1, 65535}, new int[]{0, 2}), TestTokens.request(0)));
        assertThat(trace.tokens()).isEqualTo(2);
        assertThat(trace.layers()).isEqualTo(1);
        assertThat(trace.requests().getFirst().responseTokens()).isEqualTo(1);
    }

    @Test
    void tracesThatCannotBeAreRefused() {
        assertThatThrownBy(() -> new TokenTrace(new int[]{3}, 4, 2, List.of(TestTokens.request(1, new int[]{1, 4}))))
                .hasMessage("request 0 has expert 4, the model has 4");
        assertThatThrownBy(() -> new TokenTrace(new int[]{3, 5}, 4, 2, List.of(TestTokens.request(1, new int[]{1, 2}))))
                .hasMessage("request 0 has 2 choices of experts, expected 4 (1 tokens x 2 layers x top 2)");
        assertThatThrownBy(() -> new TokenTrace.Request(-1, 0, new short[0]))
                .hasMessage("a request of -1 prompt and 0 response tokens");
    }
}
