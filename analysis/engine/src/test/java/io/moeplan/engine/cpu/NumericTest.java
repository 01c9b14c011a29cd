package io.moeplan.engine.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.moeplan.engine.model.FeedForward;
import org.junit.jupiter.api.Test;

final class NumericTest {
    @Test
    void expIsGoodToAFewUnitsInTheLastPlace() {
        for (float x = -87; x < 88; x += 0.00137f) {
            double exact = Math.exp(x);
            assertThat(Math.abs(Numeric.exp(x) - exact) / exact).isLessThan(3e-7);
        }
        assertThat(Numeric.exp(0)).isEqualTo(1);
        assertThat(Numeric.exp(-200)).isZero();
        assertThat(Numeric.exp(Float.NEGATIVE_INFINITY)).isZero();
        assertThat(Numeric.exp(200)).isEqualTo(Float.POSITIVE_INFINITY);
        assertThat(Numeric.exp(Float.NaN)).isNaN();
    }

    @Test
    void siluAtItsEnds() {
        float[] gate = {-1000, 0, 1000, 1};
        Numeric.gate(FeedForward.Activation.SILU, gate, new float[]{1, 1, 1, 2}, 4, new Exponentials());
        assertThat(gate).containsExactly(new float[]{0, 0, 1000, 1.4621172f}, within(1e-6f));
    }
}
