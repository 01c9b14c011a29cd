package io.moeplan.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.moeplan.engine.model.ModelInfo;
import io.moeplan.engine.workload.Request;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

final class ProgressTest {
    @Test
    void allWorkIsCounted() throws IOException {
        List<Request> requests = Models.workload(9, 120, 384, 2);
        Observer watching = new Observer() {
            @Override
            public void hidden(int layer, int request, int position, float[] values) {}

            @Override
            public void logits(int request, int position, float[] values) {}
        };
        for (Optional<Observer> observer : List.of(Optional.<Observer>empty(), Optional.of(watching))) {
            List<Progress> seen = new ArrayList<>();
            try (Engine engine = Engine.open(Models.directory("qwen3_moe"), Models.options(2))) {
                RunResult result = engine.run(requests, new RunOptions(seen::add, () -> false, observer));
                Progress last = seen.getLast();
                assertThat(last.fraction()).isEqualTo(1);
                assertThat(last.layer()).isEqualTo(last.layers()).isEqualTo(3);
                assertThat(last.layerTokens()).isEqualTo(last.waveTokens()).isEqualTo(result.tokens());
                assertThat(last.secondsLeft()).isZero();
                assertThat(result.tokens()).isEqualTo(
                        requests.stream().mapToLong(r -> r.promptIds().length + r.responseIds().length).sum());
                assertThat(result.tokensPerSecond()).isPositive();
            }
        }
    }

    @Test
    void describesTheModel() throws IOException {
        try (Engine engine = Engine.open(Models.directory("qwen3_moe"), Models.options(2))) {
            ModelInfo info = engine.info();
            assertThat(info.name()).isEqualTo("qwen3_moe");
            assertThat(info.modelType()).isEqualTo("qwen3_moe");
            assertThat(info.digest()).matches("[0-9a-f]{64}");
            assertThat(info.moeLayers()).containsExactly(0, 1, 2);
            assertThat(List.of(info.experts(), info.topK(), info.groups(), info.layers())).containsExactly(16, 4, 1, 3);
            assertThat(engine.device()).isEqualTo("cpu (2 threads)");
            assertThat(engine.precision()).isEqualTo("fp32");
        }
    }
}
