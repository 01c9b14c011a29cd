package io.moeplan.engine.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.Random;
import org.junit.jupiter.api.Test;

final class SamplerTest {
    private static final float[] LOGITS = {(float) Math.log(0.1), (float) Math.log(0.6), (float) Math.log(0.3)};

    private static double[] shares(Sampling sampling, float[] logits) {
        int draws = 20_000;
        double[] shares = new double[logits.length];
        Sampler sampler = new Sampler(sampling);
        for (int i = 0; i < draws; i++) {
            shares[sampler.choose(logits, i % 7, i)] += 1.0 / draws;
        }
        return shares;
    }

    @Test
    void greedyTakesTheFirstOfTheBest() {
        assertThat(new Sampler(Sampling.GREEDY).choose(new float[]{1, 3, 2, 3}, 0, 0)).isEqualTo(1);
    }

    @Test
    void drawsByProbability() {
        assertThat(shares(new Sampling(1, 1, 3), LOGITS)).satisfies(shares -> {
            assertThat(Math.abs(shares[0] - 0.1)).isLessThan(0.015);
            assertThat(Math.abs(shares[1] - 0.6)).isLessThan(0.015);
        });
    }

    @Test
    void temperatureSharpens() {
        double sum = 0.01 + 0.36 + 0.09;
        assertThat(shares(new Sampling(0.5, 1, 3), LOGITS)).satisfies(
                shares -> assertThat(Math.abs(shares[1] - 0.36 / sum)).isLessThan(0.015));
        assertThat(shares(new Sampling(1e-9, 1, 3), LOGITS)[1]).isGreaterThan(0.9999);
    }

    @Test
    void topPKeepsAsFewAsNeeded() {
        double[] two = shares(new Sampling(1, 0.8, 3), LOGITS);
        assertThat(two[0]).isZero();
        assertThat(Math.abs(two[1] - 0.6 / 0.9)).isLessThan(0.015);
        assertThat(shares(new Sampling(1, 0.5, 3), LOGITS)[1]).isGreaterThan(0.9999);
        assertThat(shares(new Sampling(1, 1e-12, 3), LOGITS)[1]).isGreaterThan(0.9999);
    }

    @Test
    void topPIsExactOverALargeVocabulary() {
        Random random = new Random(2);
        float[] logits = new float[5000];
        for (int id = 0; id < logits.length; id++) {
            logits[id] = (float) random.nextGaussian() * 3;
        }
        Sampling sampling = new Sampling(0.9, 0.7, 8);
        double[] shares = new double[logits.length];
        double sum = 0;
        for (int id = 0; id < logits.length; id++) {
            shares[id] = Math.exp(logits[id] / 0.9);
            sum += shares[id];
        }
        Sampler sampler = new Sampler(sampling);
        for (int i = 0; i < 300; i++) {
            double drawn = shares[sampler.choose(logits, 0, i)];
            double above = 0;
            for (double share : shares) {
                above += share > drawn ? share : 0;
            }
            assertThat(above / sum).isLessThan(0.7);
        }
    }

    @Test
    void drawsDependOnSeedRequestAndPosition() {
        double draw = Sampler.uniform(1, 2, 3);
        assertThat(Sampler.uniform(1, 2, 3)).isEqualTo(draw);
        assertThat(Sampler.uniform(2, 2, 3)).isNotEqualTo(draw);
        assertThat(Sampler.uniform(1, 3, 3)).isNotEqualTo(draw);
        assertThat(Sampler.uniform(1, 2, 4)).isNotEqualTo(draw);
        assertThat(Sampler.uniform(1, 3, 2)).isNotEqualTo(draw);
    }

    @Test
    void refusesNumbersOutOfRange() {
        for (double temperature : new double[]{-1, Double.NaN, Double.POSITIVE_INFINITY}) {
            assertThatIllegalArgumentException().isThrownBy(() -> new Sampling(temperature, 1, 0))
                    .withMessageContaining("temperature");
        }
        for (double topP : new double[]{0, -0.1, 1.1, Double.NaN}) {
            assertThatIllegalArgumentException().isThrownBy(() -> new Sampling(1, topP, 0))
                    .withMessageContaining("top-p");
        }
    }
}
