package io.moeplan.eplb.judge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.moeplan.eplb.LoadTrace;
import io.moeplan.eplb.Plan;
import io.moeplan.eplb.TestLoads;
import io.moeplan.eplb.Topology;
import java.util.List;
import org.junit.jupiter.api.Test;

class HoldoutSplitTest {
    private static final LoadTrace FOUR = TestLoads.oneLayer(new int[]{1, 0}, new int[]{0, 2}, new int[]{3, 0},
            new int[]{4, 0});

    @Test
    void theLastStepsAreHeldOut() {
        HoldoutSplit split = HoldoutSplit.of(FOUR, 0.5);
        assertThat(split.plan().totals(0)).containsExactly(1, 2);
        assertThat(split.judged().totals(0)).containsExactly(7, 0);
        assertThat(split.holdout()).isEqualTo(new Holdout(0.5, 2, 2, 3, 7));
        assertThat(split.holdout().unseen()).isTrue();
    }

    @Test
    void nothingHeldOutJudgesOnAllSteps() {
        HoldoutSplit split = HoldoutSplit.of(FOUR, 0);
        assertThat(split.holdout()).isEqualTo(new Holdout(0, 4, 4, 10, 10));
        assertThat(split.holdout().unseen()).isFalse();
    }

    @Test
    void bothSidesGetAStep() {
        assertThat(HoldoutSplit.of(FOUR, 0.01).holdout().judgedSteps()).isEqualTo(1);
        assertThat(HoldoutSplit.of(FOUR, 0.99).holdout().planSteps()).isEqualTo(1);
    }

    @Test
    void stepsWithoutTokensAreNeitherPlannedNorJudgedOn() {
        LoadTrace trace = TestLoads.oneLayer(new int[]{1, 0}, new int[]{0, 0}, new int[]{0, 2}, new int[]{0, 0});
        assertThat(HoldoutSplit.of(trace, 0.5).holdout()).isEqualTo(new Holdout(0.5, 1, 1, 1, 2));
    }

    @Test
    void whatCannotBeCutIsRefused() {
        assertThatThrownBy(() -> HoldoutSplit.of(FOUR.slice(0, 1), 0.5))
                .hasMessage("the recording has one step, so none"
                        + " can be held out: use --holdout 0 to plan and judge on the same step, or cut a per-token recording finer with"
                        + " --pass-tokens");
        assertThatThrownBy(() -> HoldoutSplit.of(FOUR.slice(0, 0), 0))
                .hasMessage("the recording has no step in which an expert received a token");
        for (double bad : new double[]{-0.1, 1, 2, Double.NaN}) {
            assertThatThrownBy(() -> HoldoutSplit.of(FOUR, bad)).hasMessageStartingWith("--holdout " + bad);
        }
    }

    @Test
    void aPlanIsJudgedOnTheStepsAfterTheOnesItWasMadeOn() {
        HoldoutSplit split = HoldoutSplit.forPlan(FOUR, "here", madeOn("here", 3));
        assertThat(split.holdout()).isEqualTo(new Holdout(0.25, 3, 1, 6, 4));
        assertThat(split.judged().totals(0)).containsExactly(4, 0);
    }

    @Test
    void aPlanMadeOnAllStepsIsJudgedOnThemAll() {
        HoldoutSplit split = HoldoutSplit.forPlan(FOUR, "here", madeOn("here", 4));
        assertThat(split.holdout().unseen()).isFalse();
        assertThat(split.holdout().judgedSteps()).isEqualTo(4);
    }

    @Test
    void aPlanFromAnotherRecordingHasSeenNoneOfTheSteps() {
        HoldoutSplit split = HoldoutSplit.forPlan(FOUR, "here", madeOn("elsewhere", 100));
        assertThat(split.holdout()).isEqualTo(new Holdout(1, 100, 4, 1000, 10));
        assertThat(split.holdout().unseen()).isTrue();
    }

    private static Plan madeOn(String digest, int steps) {
        return new Plan(new Plan.Model("m", "t", 2, 1, 1), new Plan.Recording(digest, steps, 10L * steps),
                new Topology(1, 2, 1), "contiguous", "none", List.of());
    }
}
