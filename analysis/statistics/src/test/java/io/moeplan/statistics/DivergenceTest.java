package io.moeplan.statistics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

class DivergenceTest {
    private static final Offset<Double> EXACT = within(1e-12);

    /** numpy 2.4: H(m) - (H(p) + H(q)) / 2 with log2. */
    @Test
    void numpysFigures() {
        assertThat(js(new long[]{8, 1, 1}, new long[]{1, 1, 8})).isCloseTo(0.4470674987019192, EXACT);
        assertThat(js(new long[]{8, 1, 1}, new long[]{9, 2, 9})).isCloseTo(0.12271243691458067, EXACT);
    }

    @Test
    void extremes() {
        assertThat(js(new long[]{1, 2, 0}, new long[]{100, 200, 0})).isCloseTo(0, EXACT);
        assertThat(js(new long[]{1, 0}, new long[]{0, 7})).isEqualTo(1);
        assertThat(js(new long[]{0, 0}, new long[]{0, 7})).isZero();
    }

    @Test
    void symmetricAndBetweenZeroAndOne() {
        Random random = new Random(5);
        for (int round = 0; round < 200; round++) {
            long[] a = random.longs(20, 0, 50).toArray();
            long[] b = random.longs(20, 0, 50).toArray();
            assertThat(js(a, b)).isBetween(0.0, 1.0).isCloseTo(js(b, a), EXACT);
        }
    }

    @Test
    void samplesOfTheSameSharesDivergeByTheSamplingNoise() {
        Random random = new Random(17);
        double measured = 0;
        double predicted = 0;
        for (int round = 0; round < 300; round++) {
            long[] a = new long[16];
            long[] b = new long[16];
            for (int draw = 0; draw < 3000; draw++) {
                b[(int) (16 * Math.pow(random.nextDouble(), 1.5))]++;
                if (draw < 1000) {
                    a[(int) (16 * Math.pow(random.nextDouble(), 1.5))]++;
                }
            }
            measured += js(a, b);
            predicted += Divergence.samplingNoise(a, b);
        }
        assertThat(measured / predicted).isBetween(0.95, 1.05);
    }

    private static double js(long[] a, long[] b) {
        return Divergence.jensenShannon(a, b);
    }
}
