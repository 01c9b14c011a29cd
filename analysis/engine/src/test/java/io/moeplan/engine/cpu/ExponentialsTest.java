package io.moeplan.engine.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.junit.jupiter.api.Test;

final class ExponentialsTest {
    private final Exponentials exponentials = new Exponentials();

    @Test
    void areGoodToAFewUnitsInTheLastPlace() {
        float[] x = new float[100_000];
        for (int i = 0; i < x.length; i++) {
            x[i] = -87 + i * (174f / x.length);
        }
        float[] result = x.clone();
        exponentials.ofDifferences(result, 0, x.length);
        for (int i = 0; i < x.length; i++) {
            double exact = Math.exp(x[i]);
            assertThat(Math.abs(result[i] - exact) / exact).as("e^%s", x[i]).isLessThan(3e-7);
        }
    }

    @Test
    void endsAndNaN() {
        float[] x = {-1000, Float.NEGATIVE_INFINITY, 3, Float.NaN, 1000, 7};
        exponentials.ofDifferences(x, 3, 5);
        assertThat(x[0]).isBetween(0f, 1e-37f);
        assertThat(x[1]).isBetween(0f, 1e-37f);
        assertThat(x[2]).isEqualTo(1);
        assertThat(x[3]).isNaN();
        assertThat(x[4]).isGreaterThan(1e38f);
        assertThat(x[5]).isEqualTo(7);
    }

    @Test
    void gates() {
        Random random = new Random(1);
        float[] gate = new float[77];
        float[] up = new float[77];
        for (int i = 0; i < gate.length; i++) {
            gate[i] = (float) random.nextGaussian(0, 4);
            up[i] = (float) random.nextGaussian();
        }
        float[] result = gate.clone();
        exponentials.gate(result, 1.702f, up, 1, gate.length);
        for (int i = 0; i < gate.length; i++) {
            double expected = gate[i] / (1 + Math.exp(-1.702 * gate[i])) * (up[i] + 1);
            assertThat((double) result[i]).isCloseTo(expected, within(1e-6 * (1 + Math.abs(expected))));
        }
    }
}
