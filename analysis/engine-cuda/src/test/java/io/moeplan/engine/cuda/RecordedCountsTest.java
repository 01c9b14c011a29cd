package io.moeplan.engine.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import io.moeplan.engine.Engine;
import io.moeplan.engine.EngineOptions;
import io.moeplan.engine.RunOptions;
import io.moeplan.engine.backend.Backend;
import io.moeplan.engine.cuda.weights.Place;
import io.moeplan.engine.gemm.Precision;
import io.moeplan.engine.record.RecordedSoFar;
import io.moeplan.engine.record.RecordingMode;
import io.moeplan.engine.record.RecordingOptions;
import io.moeplan.engine.record.RecordingSink;
import io.moeplan.engine.workload.Request;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Counts that the GPU makes are those of the choices it hands over: with 16 experts and 4 of a token, of passes of more than 8 tokens. */
final class RecordedCountsTest {
    private static final int EXPERTS = 16;
    private static final int TOP_K = 4;
    private static final int LEFT_OUT = 3;

    @ParameterizedTest
    @ValueSource(longs = {Long.MAX_VALUE, 100})
    void countsOfTheGpuAreThoseOfItsChoices(long waveTokens) throws IOException {
        Gpu.open().close();
        compare(Gpu.cuda(Precision.FP32, new Division(Place.UNPACKED, 1 << 30, 64)), waveTokens);
        compare(Gpu.cuda(Precision.BF16, new Division(Place.STREAMED, 30_000, 4096)), waveTokens);
    }

    /** Where there is no GPU, so that this test is tried anywhere. */
    @ParameterizedTest
    @ValueSource(longs = {Long.MAX_VALUE, 100})
    void countsOfTheCpuAreThoseOfItsChoices(long waveTokens) throws IOException {
        compare(Gpu.cpu(), waveTokens);
    }

    private static void compare(Backend.Factory device, long waveTokens) throws IOException {
        List<Request> requests = Trace.workload(384);
        EngineOptions options = new EngineOptions(1L << 33, 2, warning -> {
            throw new IllegalStateException(warning);
        }, waveTokens);
        try (Engine engine = Engine.open(Gpu.fixtures().resolve("qwen3_moe"), options, device)) {
            Kept tokens = record(engine, requests, RecordingOptions.of(RecordingMode.PER_TOKEN), 0);
            assertThat(tokens.rows).isEqualTo(requests.stream().mapToInt(Request::tokens).sum());
            for (int passTokens : new int[]{1, 7, 16, 50, 2048}) {
                for (int leftOut : new int[]{0, LEFT_OUT}) {
                    Kept passes = record(engine, requests,
                            new RecordingOptions(RecordingMode.PER_PASS, passTokens, 1, false), leftOut);
                    assertSteps(passes, tokens, passTokens, leftOut, engine.info().moeLayers().length);
                    Kept sums = record(engine, requests,
                            new RecordingOptions(RecordingMode.STAT, passTokens, 3, false), leftOut);
                    assertSteps(sums, tokens, 3 * passTokens, leftOut, engine.info().moeLayers().length);
                }
            }
        }
    }

    /** @param leftOut tokens that are taken to be counted already */
    private static Kept record(Engine engine, List<Request> requests, RecordingOptions options, int leftOut)
            throws IOException {
        Kept kept = new Kept();
        engine.recorder().resume(options, kept, new RecordedSoFar(0, 0, leftOut));
        engine.run(requests, RunOptions.quiet());
        engine.recorder().stop();
        engine.recorder().dump();
        return kept;
    }

    private static void assertSteps(Kept have, Kept tokens, int stepTokens, int leftOut, int layers) {
        assertThat(have.rows).isZero();
        assertThat(have.steps).hasSize(Math.ceilDiv(tokens.rows - leftOut, stepTokens));
        for (int s = 0; s < have.steps.size(); s++) {
            int from = leftOut + s * stepTokens;
            int to = Math.min(tokens.rows, from + stepTokens);
            int[] want = new int[layers * EXPERTS];
            for (int row = from; row < to; row++) {
                for (int i = 0; i < layers * TOP_K; i++) {
                    want[i / TOP_K * EXPERTS + tokens.experts.get(row * layers * TOP_K + i)]++;
                }
            }
            assertThat(have.steps.get(s).tokens()).isEqualTo(to - from);
            assertThat(have.steps.get(s).counts()).as("step %d of %d tokens, %d left out", s, stepTokens, leftOut)
                    .isEqualTo(want);
        }
    }

    /** Keeps what is recorded. */
    private static final class Kept implements RecordingSink {
        private final List<Integer> experts = new ArrayList<>();
        private final List<Step> steps = new ArrayList<>();
        private int rows;

        @Override
        public void requests(List<RequestRow> requests) {}

        @Override
        public void tokens(TokenRows added) {
            rows += added.rows();
            for (short expert : added.experts()) {
                experts.add((int) (char) expert);
            }
        }

        @Override
        public void step(Step step) {
            steps.add(step);
        }

        @Override
        public void flush() {}
    }
}
