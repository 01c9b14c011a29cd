package io.moeplan.engine.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.moeplan.engine.model.Router;
import java.util.Optional;
import org.junit.jupiter.api.Test;

final class TopKTest {
    private final char[] experts = new char[2];
    private final float[] weights = new float[2];

    private boolean choose(Router.Score score, boolean normalise, double scale, float... logits) {
        Router.Divisor divisor = normalise ? Router.Divisor.SUM : Router.Divisor.NONE;
        Router router = new Router(logits.length, 2, score, divisor, scale, false, false, Optional.empty());
        return new TopK(router, null).choose(logits, experts, weights, 0);
    }

    @Test
    void softmaxOverAllOrOverTheChosen() {
        float[] logits = {0, (float) Math.log(2), (float) Math.log(5)};
        assertThat(choose(Router.Score.SOFTMAX, false, 1, logits.clone())).isTrue();
        assertThat(experts).containsExactly((char) 2, (char) 1);
        assertThat(weights).containsExactly(new float[]{5 / 8f, 2 / 8f}, within(1e-6f));
        choose(Router.Score.SOFTMAX, true, 2, logits.clone());
        assertThat(weights).containsExactly(new float[]{10 / 7f, 4 / 7f}, within(1e-6f));
        choose(Router.Score.SOFTMAX_OF_CHOSEN, false, 1, logits.clone());
        assertThat(weights).containsExactly(new float[]{5 / 7f, 2 / 7f}, within(1e-6f));
        choose(Router.Score.SIGMOID, false, 1, logits.clone());
        assertThat(weights).containsExactly(new float[]{5 / 6f, 2 / 3f}, within(1e-6f));
    }

    @Test
    void tiesGoToTheLowerNumberEvenWhenAllScoresVanish() {
        choose(Router.Score.SOFTMAX, false, 1, 1, 1, 1, 1);
        assertThat(experts).containsExactly((char) 0, (char) 1);
        choose(Router.Score.SIGMOID, false, 1, -3e38f, -3e38f, -3e38f);
        assertThat(experts).containsExactly((char) 0, (char) 1);
    }

    @Test
    void refusesLogitsThatAreNotFinite() {
        assertThat(choose(Router.Score.SOFTMAX, false, 1, 1, Float.NaN, 1)).isFalse();
        assertThat(choose(Router.Score.SOFTMAX, false, 1, 1, Float.POSITIVE_INFINITY, 1)).isFalse();
    }

    @Test
    void correctionChoosesButDoesNotWeigh() {
        Router router = new Router(3, 2, Router.Score.SIGMOID, Router.Divisor.NONE, 1, false, true, Optional.empty());
        new TopK(router, new float[]{0, -1, 0.5f}).choose(new float[]{0, 1, -1}, experts, weights, 0);
        assertThat(experts).containsExactly((char) 2, (char) 0);
        assertThat(weights).containsExactly(new float[]{(float) (1 / (1 + Math.E)), 0.5f}, within(1e-6f));
    }

    @Test
    void groupsLimitTheChoice() {
        float[] logits = {3, -3, 2, 2, 1, 0};
        Router best = new Router(6, 2, Router.Score.SIGMOID, Router.Divisor.NONE, 1, false, false,
                Optional.of(new Router.Groups(3, 1, 1)));
        new TopK(best, null).choose(logits.clone(), experts, weights, 0);
        assertThat(experts).containsExactly((char) 0, (char) 1);
        Router two = new Router(6, 2, Router.Score.SIGMOID, Router.Divisor.NONE, 1, false, false,
                Optional.of(new Router.Groups(3, 1, 2)));
        new TopK(two, null).choose(logits.clone(), experts, weights, 0);
        assertThat(experts).containsExactly((char) 2, (char) 3);
    }

    @Test
    void sparseMixerWeighsEachOfTwoAmongThoseNear() {
        assertThat(choose(Router.Score.SPARSE_MIXER, false, 1, 10, 9.9f, 1)).isTrue();
        assertThat(experts).containsExactly((char) 0, (char) 1);
        assertThat(weights).containsExactly(new float[]{(float) (1 / (1 + Math.exp(-0.1))), 1}, within(1e-6f));
    }
}
