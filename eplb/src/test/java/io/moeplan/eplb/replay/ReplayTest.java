package io.moeplan.eplb.replay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.moeplan.eplb.LoadTrace;
import io.moeplan.eplb.Phase;
import io.moeplan.eplb.TestTokens;
import io.moeplan.eplb.TokenTrace;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ReplayTest {
    /** Top-1 of 8 experts, so that a step's counts tell its tokens. Prompts 0 1 2, 4, 5 6; responses 3, none, 7 7. */
    private static final TokenTrace TRACE = new TokenTrace(new int[]{3}, 8, 1,
            List.of(TestTokens.request(3, one(0), one(1), one(2), one(3)), TestTokens.request(1, one(4)),
                    TestTokens.request(2, one(5), one(6), one(7), one(7))));

    private static int[] one(int expert) {
        return new int[]{expert};
    }

    @Test
    void oneRankBatchesContinuously() {
        ReplayOptions options = ReplayOptions.of(1).withRequestsPerRank(2).withPrefillChunk(2);
        List<LoadTrace.Step> steps = Replay.run(TRACE, options).loads().steps();
        // The first request's prompt takes two chunks; the third comes when the second is done.
        assertThat(steps).extracting(LoadTrace.Step::counts).containsExactly(counts(0, 1), counts(2, 4),
                counts(3, 5, 6),
                counts(7), counts(7));
        assertThat(steps).extracting(LoadTrace.Step::phase).containsExactly(Phase.PREFILL, Phase.PREFILL, Phase.MIXED,
                Phase.DECODE, Phase.DECODE);
        assertThat(steps).extracting(LoadTrace.Step::tokens).containsExactly(2, 2, 3, 1, 1);
        assertThat(steps).extracting(LoadTrace.Step::id).containsExactly(0L, 1L, 2L, 3L, 4L);
    }

    @Test
    void requestsAreDealtRoundRobin() {
        Replay.Result result = Replay.run(TRACE, ReplayOptions.of(2).withRequestsPerRank(1));
        assertThat(result.loads().steps()).extracting(LoadTrace.Step::counts).containsExactly(counts(0, 1, 2, 4),
                counts(3), counts(5, 6), counts(7), counts(7));
        assertThat(sources(result, 0)).isDeepEqualTo(new int[][]{counts(0, 1, 2), counts(4)});
        // The third request waits for rank 0, though rank 1 is free.
        assertThat(sources(result, 2)).isDeepEqualTo(new int[][]{counts(5, 6), counts()});
        assertThat(result.loads().layerIds()).containsExactly(3);
    }

    @Test
    void orToTheEmptiestRank() {
        Replay.Result result = Replay.run(TRACE,
                ReplayOptions.of(2).withRequestsPerRank(1).withDeal(Deal.LEAST_LOADED));
        assertThat(result.loads().steps()).extracting(LoadTrace.Step::counts).containsExactly(counts(0, 1, 2, 4),
                counts(3, 5, 6), counts(7), counts(7));
        assertThat(sources(result, 1)).isDeepEqualTo(new int[][]{counts(3), counts(5, 6)});
    }

    @Test
    void promptsAloneAndResponsesAlone() {
        ReplayOptions options = ReplayOptions.of(1).withPrefillChunk(4);
        assertThat(Replay.run(TRACE, options.withPhase(Phase.PREFILL)).loads().steps())
                .extracting(LoadTrace.Step::counts).containsExactly(counts(0, 1, 2, 4), counts(5, 6));
        Replay.Result decode = Replay.run(TRACE, options.withPhase(Phase.DECODE));
        assertThat(decode.loads().steps()).extracting(LoadTrace.Step::counts).containsExactly(counts(3, 7), counts(7));
        assertThat(decode.loads().steps()).extracting(LoadTrace.Step::phase).containsOnly(Phase.DECODE);
        assertThat(decode.left()).isZero();
    }

    @Test
    void stopsAfterSoManySteps() {
        Replay.Result result = Replay.run(TRACE,
                ReplayOptions.of(1).withRequestsPerRank(2).withPrefillChunk(2).withMaxSteps(3));
        assertThat(result.loads().steps()).hasSize(3);
        assertThat(result.left()).isEqualTo(2);
    }

    @Test
    void withoutDrainItEndsWhenARankRunsDry() {
        ReplayOptions options = ReplayOptions.of(1).withRequestsPerRank(2).withPrefillChunk(2).withDrain(false);
        Replay.Result result = Replay.run(TRACE, options);
        assertThat(result.loads().steps()).hasSize(3);
        assertThat(result.left()).isEqualTo(2);
        assertThatThrownBy(() -> Replay.run(TRACE, options.withRequestsPerRank(4))).hasMessage(
                "the recording's 3 requests x 1 passes do not fill 1 ranks x 4 requests: use more --passes, or fewer"
                        + " requests per GPU");
        assertThat(Replay.run(TRACE, options.withRequestsPerRank(4).withPasses(2, 1)).loads().steps()).isNotEmpty();
    }

    @ParameterizedTest
    @EnumSource
    void everyTokenIsPlayedOnceInEachPass(Deal deal) {
        Random random = new Random(5);
        for (int i = 0; i < 200; i++) {
            TokenTrace trace = TestTokens.trace(random, new int[]{1, 2}, 8, 2, 1 + random.nextInt(20));
            int passes = 1 + random.nextInt(3);
            ReplayOptions options = new ReplayOptions(1 + random.nextInt(6), 1 + random.nextInt(4),
                    1 + random.nextInt(9), Phase.ofCode(random.nextInt(3)), deal, passes, i, true, 100_000);
            long[] expected = totals(trace, options.phase(), passes);
            if (Arrays.stream(expected).sum() == 0) {
                continue;
            }
            Replay.Result result = Replay.run(trace, options);
            assertThat(result.left()).isZero();
            assertThat(result.loads().totals(1)).containsExactly(expected);
            checkSteps(result, options);
        }
    }

    /** A step's counts are the sum over sources, and no rank takes more than it may. */
    private static void checkSteps(Replay.Result result, ReplayOptions options) {
        for (int step = 0; step < result.loads().steps().size(); step++) {
            int[] counts = result.loads().steps().get(step).counts();
            int[] sum = new int[counts.length];
            for (int[] rank : sources(result, step)) {
                int routed = 0;
                for (int i = 0; i < sum.length; i++) {
                    sum[i] += rank[i];
                    routed += rank[i];
                }
                int tokens = routed / 4;
                int most = options.phase() == Phase.DECODE
                        ? options.requestsPerRank()
                        : options.requestsPerRank() + options.prefillChunk();
                assertThat(tokens).isLessThanOrEqualTo(most);
            }
            assertThat(sum).containsExactly(counts);
            assertThat(counts).satisfies(c -> assertThat(Arrays.stream(c).sum()).isPositive());
        }
    }

    /** What the second layer's experts must get in all. */
    private static long[] totals(TokenTrace trace, Phase phase, int passes) {
        long[] totals = new long[trace.experts()];
        for (TokenTrace.Request request : trace.requests()) {
            int from = phase == Phase.DECODE ? request.promptTokens() : 0;
            int to = phase == Phase.PREFILL ? request.promptTokens() : request.tokens();
            for (int token = from; token < to; token++) {
                for (int k = 0; k < 2; k++) {
                    totals[request.experts()[token * 4 + 2 + k]] += passes;
                }
            }
        }
        return totals;
    }

    @Test
    void aReplayIsTheSameEveryTime() {
        TokenTrace trace = TestTokens.trace(new Random(6), new int[]{1}, 8, 2, 30);
        ReplayOptions options = ReplayOptions.of(3).withPasses(3, 11);
        assertThat(Replay.run(trace, options).loads().steps()).extracting(LoadTrace.Step::counts)
                .containsExactlyElementsOf(Replay.run(trace, options).loads().steps().stream()
                        .map(LoadTrace.Step::counts).toList());
    }

    @Test
    void whatCannotBeReplayedIsSaid() {
        TokenTrace prompts = new TokenTrace(new int[]{3}, 8, 1, List.of(TestTokens.request(1, one(4))));
        assertThatThrownBy(() -> Replay.run(prompts, ReplayOptions.of(1).withPhase(Phase.DECODE)))
                .hasMessage("the recording has no response tokens to decode: replay the prefill phase");
        TokenTrace nothing = new TokenTrace(new int[]{3}, 8, 1, List.of());
        assertThatThrownBy(() -> Replay.run(nothing, ReplayOptions.of(1)))
                .hasMessage("the recording has no tokens to replay");
        assertThatThrownBy(() -> ReplayOptions.of(0)).hasMessage("--ep 0: expected at least 1");
        assertThatThrownBy(() -> ReplayOptions.of(1).withPrefillChunk(0))
                .hasMessage("--prefill-chunk 0: expected at least 1");
        assertThatThrownBy(() -> ReplayOptions.of(1 << 20))
                .hasMessage("--ep 1048576 is too large: use at most 65536");
    }

    private static int[][] sources(Replay.Result result, int step) {
        int[][] counts = new int[result.sources().ranks()][result.loads().steps().get(step).counts().length];
        counts[0][0] = 99;
        result.sources().read(step, counts);
        return counts;
    }

    private static int[] counts(int... experts) {
        int[] counts = new int[8];
        for (int expert : experts) {
            counts[expert]++;
        }
        return counts;
    }
}
