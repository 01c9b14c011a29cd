package io.moeplan.engine.record;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.moeplan.engine.Engine;
import io.moeplan.engine.EngineOptions;
import io.moeplan.engine.Models;
import io.moeplan.engine.RunOptions;
import io.moeplan.engine.workload.Request;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class RecorderTest {
    private static final int LAYERS = 3;
    private static final int EXPERTS = 16;
    private static final int TOP_K = 4;
    private static final List<Request> WORKLOAD = Models.workload(12, 90, 384, 9);
    private static final long ONE_WAVE = Long.MAX_VALUE;

    private final List<String> warnings = new ArrayList<>();

    private Rows record(RecordingOptions options, long waveTokens) throws IOException {
        Rows rows = new Rows();
        try (Engine engine = open(waveTokens)) {
            engine.recorder().start(options, rows);
            engine.run(WORKLOAD, RunOptions.quiet());
            engine.recorder().stop();
            engine.recorder().dump();
        }
        return rows;
    }

    private Engine open(long waveTokens) throws IOException {
        return Engine.open(Models.directory("qwen3_moe"), new EngineOptions(1L << 32, 2, warnings::add, waveTokens));
    }

    @Test
    void rowsNameEveryTokenInOrder() throws IOException {
        Rows rows = record(RecordingOptions.of(RecordingMode.PER_TOKEN), ONE_WAVE);
        RecordingSink.TokenRows tokens = rows.tokens();
        int row = 0;
        for (int r = 0; r < WORKLOAD.size(); r++) {
            Request request = WORKLOAD.get(r);
            assertThat(rows.requests.get(r)).isEqualTo(new RecordingSink.RequestRow(r, request.id(), request.tag(),
                    request.promptIds().length, request.responseIds().length));
            int prompt = request.promptIds().length;
            for (int p = 0; p < prompt + request.responseIds().length; p++) {
                assertThat(tokens.request()[row]).isEqualTo(r);
                assertThat(tokens.position()[row]).isEqualTo(p);
                assertThat(tokens.phase()[row]).isEqualTo(p < prompt ? RecordingSink.PROMPT : RecordingSink.RESPONSE);
                assertThat(tokens.tokenId()[row])
                        .isEqualTo(p < prompt ? request.promptIds()[p] : request.responseIds()[p - prompt]);
                row++;
            }
        }
        assertThat(tokens.rows()).isEqualTo(row);
        assertThat(tokens.experts()).hasSize(row * LAYERS * TOP_K);
        assertThat(tokens.weights()).isNull();
        assertThat(rows.steps).isEmpty();
        assertThat(warnings).isEmpty();
    }

    @Test
    void passesAreCutByTokensWhateverTheWaves() throws IOException {
        RecordingSink.TokenRows tokens = record(RecordingOptions.of(RecordingMode.PER_TOKEN), ONE_WAVE).tokens();
        for (int passTokens : new int[]{1, 7, 64, 5000}) {
            RecordingOptions options = new RecordingOptions(RecordingMode.PER_PASS, passTokens, 1, false);
            for (long waveTokens : new long[]{ONE_WAVE, 150, 1}) {
                assertSteps(record(options, waveTokens), passTokens, tokens);
            }
        }
    }

    @Test
    void statSumsPasses() throws IOException {
        RecordingSink.TokenRows tokens = record(RecordingOptions.of(RecordingMode.PER_TOKEN), ONE_WAVE).tokens();
        RecordingOptions options = new RecordingOptions(RecordingMode.STAT, 32, 3, false);
        for (long waveTokens : new long[]{ONE_WAVE, 1}) {
            assertSteps(record(options, waveTokens), 96, tokens);
        }
    }

    private static void assertSteps(Rows rows, int stepTokens, RecordingSink.TokenRows tokens) {
        assertThat(rows.steps).hasSize(Math.ceilDiv(tokens.rows(), stepTokens));
        assertThat(rows.requests).hasSameSizeAs(WORKLOAD);
        for (int s = 0; s < rows.steps.size(); s++) {
            RecordingSink.Step step = rows.steps.get(s);
            int from = s * stepTokens;
            int to = Math.min(tokens.rows(), from + stepTokens);
            int[] counts = new int[LAYERS * EXPERTS];
            boolean prompt = false;
            boolean response = false;
            for (int row = from; row < to; row++) {
                for (int i = 0; i < LAYERS * TOP_K; i++) {
                    counts[i / TOP_K * EXPERTS + tokens.experts()[row * LAYERS * TOP_K + i]]++;
                }
                prompt |= tokens.phase()[row] == RecordingSink.PROMPT;
                response |= tokens.phase()[row] == RecordingSink.RESPONSE;
            }
            assertThat(step.step()).isEqualTo(s);
            assertThat(step.tokens()).isEqualTo(to - from);
            assertThat(step.counts()).isEqualTo(counts);
            byte phase = prompt && response
                    ? RecordingSink.MIXED
                    : response ? RecordingSink.RESPONSE : RecordingSink.PROMPT;
            assertThat(step.phase()).isEqualTo(phase);
        }
    }

    @Test
    void everyWaveIsFlushed() throws IOException {
        Rows rows = record(RecordingOptions.of(RecordingMode.PER_TOKEN), 1);
        assertThat(rows.flushes).hasSize(WORKLOAD.size() + 1);
        int tokens = 0;
        for (int r = 0; r < WORKLOAD.size(); r++) {
            tokens += WORKLOAD.get(r).promptIds().length + WORKLOAD.get(r).responseIds().length;
            assertThat(rows.flushes.get(r)).isEqualTo(tokens);
        }
    }

    @Test
    void stopAndDumpWithoutStartOnlyWarn() throws IOException {
        try (Engine engine = open(ONE_WAVE)) {
            engine.recorder().stop();
            engine.recorder().dump();
            engine.run(WORKLOAD, RunOptions.quiet());
        }
        assertThat(warnings).hasSize(2).allMatch(warning -> warning.contains("without start"));
    }

    @Test
    void nothingIsRecordedWhileStopped() throws IOException {
        Rows rows = new Rows();
        RecordingOptions options = new RecordingOptions(RecordingMode.PER_PASS, 1 << 20, 1, false);
        try (Engine engine = open(ONE_WAVE)) {
            engine.recorder().start(options, rows);
            engine.run(WORKLOAD.subList(0, 1), RunOptions.quiet());
            engine.recorder().stop();
            engine.run(WORKLOAD, RunOptions.quiet());
            assertThat(rows.steps).isEmpty();
            engine.recorder().dump();
            engine.recorder().dump();
        }
        assertThat(rows.steps).hasSize(1);
        assertThat(rows.requests).hasSize(1);
        int tokens = WORKLOAD.getFirst().promptIds().length + WORKLOAD.getFirst().responseIds().length;
        assertThat(rows.steps.getFirst().tokens()).isEqualTo(tokens);
    }

    @Test
    void dumpEndsThePassAndStartForgets() throws IOException {
        Rows first = new Rows();
        Rows second = new Rows();
        RecordingOptions options = new RecordingOptions(RecordingMode.PER_PASS, 1 << 20, 1, false);
        try (Engine engine = open(ONE_WAVE)) {
            engine.recorder().start(options, first);
            engine.run(WORKLOAD, RunOptions.quiet());
            engine.recorder().dump();
            engine.run(WORKLOAD, RunOptions.quiet());
            engine.recorder().dump();
            engine.run(WORKLOAD, RunOptions.quiet());
            engine.recorder().start(options, second);
            engine.run(WORKLOAD, RunOptions.quiet());
            engine.recorder().stop();
            engine.recorder().dump();
        }
        assertThat(first.steps).extracting(RecordingSink.Step::step).containsExactly(0L, 1L);
        assertThat(first.steps.get(1).counts()).isEqualTo(first.steps.get(0).counts());
        assertThat(first.requests.getLast().index()).isEqualTo(3 * WORKLOAD.size() - 1);
        assertThat(second.steps).hasSize(1);
        assertThat(second.requests.getLast().index()).isEqualTo(WORKLOAD.size() - 1);
        assertThat(warnings).singleElement().asString().contains("forgotten");
    }

    /** A sink that fails at its second batch of tokens, and says who used it. */
    private static final class Failing implements RecordingSink {
        private final List<Thread> threads = new ArrayList<>();

        @Override
        public void requests(List<RequestRow> requests) {}

        @Override
        public void tokens(TokenRows rows) throws IOException {
            threads.add(Thread.currentThread());
            if (threads.size() == 2) {
                throw new IOException("the disk is full");
            }
        }

        @Override
        public void step(Step step) {}

        @Override
        public void flush() {}
    }

    @Test
    void tokensGoToTheSinkBesideTheNextWave() throws IOException {
        Failing sink = new Failing();
        try (Engine engine = open(1)) {
            engine.recorder().start(RecordingOptions.of(RecordingMode.PER_TOKEN), sink);
            engine.run(WORKLOAD.subList(0, 1), RunOptions.quiet());
        }
        assertThat(sink.threads).singleElement().isNotEqualTo(Thread.currentThread());
    }

    @Test
    void aFailingSinkEndsTheRunWithItsReasonOnce() throws IOException {
        Failing sink = new Failing();
        try (Engine engine = open(1)) {
            engine.recorder().start(RecordingOptions.of(RecordingMode.PER_TOKEN), sink);
            assertThatThrownBy(() -> engine.run(WORKLOAD, RunOptions.quiet())).isInstanceOf(IOException.class)
                    .hasMessage("the disk is full");
            engine.recorder().stop();
            engine.recorder().dump();
        }
        assertThat(sink.threads).hasSize(2);
    }

    /** The last wave's failure, which no further wave can tell. */
    @Test
    void aSinkThatFailsWithTheLastWaveEndsTheRunToo() throws IOException {
        try (Engine engine = open(1)) {
            engine.recorder().start(RecordingOptions.of(RecordingMode.PER_TOKEN), new Failing());
            assertThatThrownBy(() -> engine.run(WORKLOAD.subList(0, 2), RunOptions.quiet()))
                    .isInstanceOf(IOException.class).hasMessage("the disk is full");
        }
    }
}
