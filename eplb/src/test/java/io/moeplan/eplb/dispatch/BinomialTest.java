package io.moeplan.eplb.dispatch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BinomialTest {
    @Test
    void logFactorials() {
        double sum = 0;
        for (int n = 1; n <= 1000; n++) {
            sum += Math.log(n);
            assertThat(Binomial.logFactorial(n)).isCloseTo(sum, within(1e-9));
        }
    }

    @Test
    void nothingToDrawFrom() {
        assertThat(Binomial.draw(new SplittableRandom(1), 0, 0.5)).isZero();
    }

    /** Pearson's statistic of 100,000 draws over all outcomes that are expected at least ten times. */
    @ParameterizedTest
    @CsvSource({"1, 0.5", "7, 0.2", "40, 0.5", "300, 0.03125"})
    void followsTheDistribution(int n, double p) {
        SplittableRandom random = new SplittableRandom(42);
        int draws = 100_000;
        int[] seen = new int[n + 1];
        for (int i = 0; i < draws; i++) {
            seen[Binomial.draw(random, n, p)]++;
        }
        double probability = Math.pow(1 - p, n);
        double statistic = 0;
        int outcomes = 0;
        for (int k = 0; k <= n; k++) {
            double expected = draws * probability;
            if (expected >= 10) {
                statistic += (seen[k] - expected) * (seen[k] - expected) / expected;
                outcomes++;
            }
            probability *= (double) (n - k) / (k + 1) * p / (1 - p);
        }
        // Mean plus four standard deviations of the statistic.
        assertThat(statistic).isLessThan(outcomes + 4 * Math.sqrt(2.0 * outcomes));
    }

    @ParameterizedTest
    @CsvSource({"1000000, 0.5", "1000000, 0.0078125", "200000000, 0.25"})
    void largeNumbers(int n, double p) {
        SplittableRandom random = new SplittableRandom(7);
        double deviation = Math.sqrt(n * p * (1 - p));
        double sum = 0;
        for (int i = 0; i < 400; i++) {
            double drawn = (Binomial.draw(random, n, p) - n * p) / deviation;
            assertThat(Math.abs(drawn)).isLessThan(6);
            sum += drawn;
        }
        assertThat(sum / 400).isCloseTo(0, within(0.2));
    }
}
