package io.moeplan.engine.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.moeplan.engine.model.Router;
import org.junit.jupiter.api.Test;

final class TopKTest {
    private final char[] experts = new char[2];
    private final float[] weights = new float[2];

    private boolean choose(Router.Score score, boolean normalise, double scale, float... logits) {
        return TopK.choose(new Router(logits.length, 2, score, normalise, 0, scale), logits, experts, weights, 0);
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
}
