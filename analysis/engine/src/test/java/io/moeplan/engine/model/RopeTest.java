package io.moeplan.engine.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

final class RopeTest {
    @Test
    void plainAndLinear() {
        assertThat(Rope.plain(10_000, 4).frequencies()).containsExactly(new float[]{1, 0.01f}, within(1e-9f));
        assertThat(Rope.linear(10_000, 4, 4).frequencies()).containsExactly(new float[]{0.25f, 0.0025f}, within(1e-9f));
    }

    @Test
    void yarnKeepsFastPairsAndInterpolatesSlowOnes() {
        float[] plain = Rope.plain(10_000, 64).frequencies();
        Rope yarn = Rope.yarn(10_000, 64, 4, 4096, 32, 1, true, 1.5);
        assertThat(yarn.magnitude()).isEqualTo(1.5f);
        for (int i = 0; i < plain.length; i++) {
            double turns = 4096 * plain[i] / (2 * Math.PI);
            float ratio = yarn.frequencies()[i] / plain[i];
            if (turns > 45) {
                assertThat(ratio).isEqualTo(1);
            } else if (turns < 0.7) {
                assertThat(ratio).isEqualTo(0.25f);
            } else {
                assertThat(ratio).isBetween(0.25f, 1f);
            }
        }
    }
}
