package io.moeplan.eplb.judge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BootstrapTest {
    /** A first-order autoregressive excess over the mean, with steps of different sizes. */
    private static StepSums sums(Random random, int steps, double excess, double correlation) {
        double[] max = new double[steps];
        double[] mean = new double[steps];
        double z = random.nextGaussian();
        for (int step = 0; step < steps; step++) {
            mean[step] = 100 + 50 * random.nextDouble();
            max[step] = mean[step] * (1 + excess * (1 + 0.3 * z));
            z = correlation * z + Math.sqrt(1 - correlation * correlation) * random.nextGaussian();
        }
        return new StepSums(max, mean);
    }

    private static double coverage(int steps, double correlation) {
        Random random = new Random(5);
        int covered = 0;
        int rounds = 300;
        for (int round = 0; round < rounds; round++) {
            StepSums before = sums(random, steps, 1.0, correlation);
            StepSums after = sums(random, steps, 0.3, correlation);
            Interval gain = Bootstrap.of(before, after, Verdicts::gain).orElseThrow().gain();
            double truth = 1 - 1.3 / 2.0;
            covered += gain.low() <= truth && truth <= gain.high() ? 1 : 0;
        }
        return (double) covered / rounds;
    }

    @ParameterizedTest
    @CsvSource({"20, 0, 0.93", "20, 0.5, 0.87", "20, 0.9, 0.77", "100, 0, 0.92", "100, 0.5, 0.9", "100, 0.9, 0.86"})
    void theIntervalHoldsTheTruthAboutAsOftenAsItSays(int steps, double correlation, double least) {
        assertThat(coverage(steps, correlation)).isBetween(least, 0.99);
    }

    @Test
    void saysNothingThatCannotBe() {
        StepSums before = sums(new Random(6), 12, 1, 0.95);
        StepSums after = sums(new Random(7), 12, 0.02, 0.95);
        GainInterval interval = Bootstrap.of(before, after, Verdicts::gain).orElseThrow();
        assertThat(interval.after().low()).isGreaterThanOrEqualTo(1);
        assertThat(interval.gain().high()).isLessThanOrEqualTo(1);
    }

    @Test
    void blocksKnowThatNeighboursAreAlike() {
        StepSums after = sums(new Random(1), 400, 0.3, 0);
        Interval independent = interval(sums(new Random(2), 400, 1, 0), after);
        Interval alike = interval(sums(new Random(2), 400, 1, 0.9), after);
        assertThat(alike.high() - alike.low()).isGreaterThan(1.8 * (independent.high() - independent.low()));
    }

    private static Interval interval(StepSums before, StepSums after) {
        return Bootstrap.of(before, after, Verdicts::gain).orElseThrow().gain();
    }

    @Test
    void isTheSameEveryTimeAndHoldsTheFigureItself() {
        StepSums before = sums(new Random(3), 50, 1, 0.5);
        StepSums after = sums(new Random(4), 50, 0.2, 0.5);
        GainInterval interval = Bootstrap.of(before, after, Verdicts::gain).orElseThrow();
        assertThat(interval).isEqualTo(Bootstrap.of(before, after, Verdicts::gain).orElseThrow());
        assertThat(interval.blockSteps()).isBetween(2, 16);
        assertThat(interval.steps()).isEqualTo(50);
        double figure = Arrays.stream(before.max()).sum() / Arrays.stream(before.mean()).sum();
        assertThat(figure).isBetween(interval.before().low(), interval.before().high());
    }

    @Test
    void equalStepsLeaveNoDoubt() {
        double[] mean = new double[20];
        Arrays.fill(mean, 10);
        double[] max = new double[20];
        Arrays.fill(max, 15);
        GainInterval interval = Bootstrap.of(new StepSums(max, mean), new StepSums(mean, mean), Verdicts::gain)
                .orElseThrow();
        assertThat(interval.gain().low()).isCloseTo(0.3, within(1e-12));
        assertThat(interval.gain().high()).isCloseTo(0.3, within(1e-12));
    }

    @Test
    void fewStepsGiveNoInterval() {
        StepSums few = sums(new Random(3), Bootstrap.FEWEST_STEPS - 1, 1, 0);
        assertThat(Bootstrap.of(few, few, Verdicts::gain)).isEmpty();
        StepSums other = sums(new Random(3), 20, 1, 0);
        assertThatThrownBy(() -> Bootstrap.of(few, other, Verdicts::gain)).hasMessage("7 steps before, 20 after");
    }
}
