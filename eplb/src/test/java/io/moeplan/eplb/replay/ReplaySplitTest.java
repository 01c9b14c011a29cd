package io.moeplan.eplb.replay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.moeplan.eplb.LoadTrace;
import io.moeplan.eplb.Phase;
import io.moeplan.eplb.Plan;
import io.moeplan.eplb.TestTokens;
import io.moeplan.eplb.TokenTrace;
import io.moeplan.eplb.Topology;
import io.moeplan.eplb.judge.Holdout;
import io.moeplan.eplb.judge.HoldoutSplit;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ReplaySplitTest {
    private static final String DIGEST = "sha256:1";
    /** Requests of 3, 2, 4, and 1 tokens. */
    private static final TokenTrace TRACE = new TokenTrace(new int[]{0}, 4, 1,
            IntStream.of(3, 2, 4, 1).mapToObj(ReplaySplitTest::request).toList());

    private static TokenTrace.Request request(int tokens) {
        return TestTokens.request(1,
                IntStream.range(0, tokens).mapToObj(token -> new int[]{token}).toArray(int[][]::new));
    }

    private static Plan plan(int tokens) {
        return new Plan(new Plan.Model("m", "t", 4, 1, 1), new Plan.Recording(DIGEST, 2, tokens), new Topology(1, 2, 2),
                "deepseek", "mean", List.of());
    }

    private static List<Integer> judged(ReplaySplit split) {
        return split.judged().requests().stream().map(TokenTrace.Request::tokens).toList();
    }

    @Test
    void requestsThatBeginAfterThePlannedTokens() {
        assertThat(judged(ReplaySplit.forPlan(TRACE, DIGEST, plan(3)))).containsExactly(2, 4, 1);
        assertThat(judged(ReplaySplit.forPlan(TRACE, DIGEST, plan(4)))).containsExactly(4, 1);
        assertThat(judged(ReplaySplit.forPlan(TRACE, DIGEST, plan(5)))).containsExactly(4, 1);
        ReplaySplit split = ReplaySplit.forPlan(TRACE, DIGEST, plan(6));
        assertThat(judged(split)).containsExactly(1);
        assertThat(split.fraction()).isEqualTo(0.1);
    }

    @Test
    void allRequestsWhereNoneIsLeftOrThePlanIsOfAnotherRecording() {
        ReplaySplit overlapping = ReplaySplit.forPlan(TRACE, DIGEST, plan(10));
        assertThat(judged(overlapping)).containsExactly(3, 2, 4, 1);
        assertThat(overlapping.fraction()).isZero();
        ReplaySplit other = ReplaySplit.forPlan(TRACE, "sha256:2", plan(3));
        assertThat(judged(other)).containsExactly(3, 2, 4, 1);
        assertThat(other.fraction()).isEqualTo(1);
    }

    @Test
    void noRequestBeginsInWhatIsLeft() {
        TokenTrace one = new TokenTrace(new int[]{0}, 4, 1, List.of(request(4)));
        assertThatThrownBy(() -> ReplaySplit.forPlan(one, DIGEST, plan(3)))
                .hasMessage("none of the recording's 1 requests"
                        + " begins after the 3 tokens planned on: use --holdout 0 to judge on all of them, or plan on fewer"
                        + " steps");
    }

    @Test
    void cutLikeTheStepsAre() {
        LoadTrace steps = new LoadTrace(new int[]{0}, 4,
                List.of(new LoadTrace.Step(0, Phase.PREFILL, 4, new int[]{4, 0, 0, 0}),
                        new LoadTrace.Step(1, Phase.PREFILL, 6, new int[]{6, 0, 0, 0})));
        ReplaySplit half = ReplaySplit.of(TRACE, HoldoutSplit.of(steps, 0.5));
        assertThat(judged(half)).containsExactly(4, 1);
        LoadTrace replayed = Replay.run(half.judged(), ReplayOptions.of(1)).loads();
        assertThat(half.holdout(replayed))
                .isEqualTo(new Holdout(0.5, 1, replayed.steps().size(), 4, 5, true));
        ReplaySplit all = ReplaySplit.of(TRACE, HoldoutSplit.of(steps, 0));
        assertThat(judged(all)).containsExactly(3, 2, 4, 1);
        assertThat(all.holdout(replayed).unseen()).isFalse();
    }
}
