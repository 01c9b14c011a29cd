package io.moeplan.eplb.judge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class StepLikenessTest {
    private static double[] steps(long seed, int count, double correlation) {
        Random random = new Random(seed);
        double[] steps = new double[count];
        double z = random.nextGaussian();
        for (int step = 0; step < count; step++) {
            steps[step] = z;
            z = correlation * z + Math.sqrt(1 - correlation * correlation) * random.nextGaussian();
        }
        return steps;
    }

    @ParameterizedTest
    @CsvSource({"2, 4.30265", "2.3, 3.80716", "3, 3.18245", "4.9, 2.58644", "7.5, 2.33304", "19, 2.09302",
        "99, 1.98422"})
    void studentTIsThatOfTables(double freedom, double table) {
        assertThat(StepLikeness.studentT(freedom)).isCloseTo(table, within(5e-4));
    }

    @Test
    void blocksGrowWithLikenessAndWithSteps() {
        assertThat(mean(400, 0)).isLessThan(4);
        // For a first-order process the best length is (6 r^2 / (1 - r^2)^2 n)^(1/3).
        assertThat(mean(400, 0.5)).isBetween(7.0, 13.0);
        assertThat(mean(4000, 0.5)).isBetween(18.0, 26.0);
        assertThat(mean(4000, 0.8)).isBetween(42.0, 58.0);
        assertThat(StepLikeness.blockLength(steps(1, 20, 0.95))).isLessThanOrEqualTo(7);
    }

    private static double mean(int count, double correlation) {
        double sum = 0;
        for (int seed = 0; seed < 40; seed++) {
            sum += StepLikeness.blockLength(steps(seed, count, correlation));
        }
        return sum / 40;
    }

    @Test
    void theMarginOfIndependentStepsIsTheTextbooks() {
        double[] steps = steps(3, 1000, 0);
        double deviation = Math.sqrt(Arrays.stream(steps).map(x -> x * x).sum() / 1000);
        assertThat(StepLikeness.margin(steps)).isCloseTo(1.96 * deviation / Math.sqrt(1000), within(0.006));
    }

    @Test
    void theMarginOfAlikeStepsIsThatOfFewer() {
        // Of a first-order process (1 + r) / (1 - r) steps are worth one.
        double[] steps = steps(4, 20_000, 0.8);
        assertThat(StepLikeness.margin(steps)).isCloseTo(1.96 * 3 / Math.sqrt(20_000), within(0.005));
    }

    @Test
    void equalStepsAreNotInDoubt() {
        assertThat(StepLikeness.margin(new double[20])).isZero();
        assertThat(StepLikeness.blockLength(new double[20])).isEqualTo(1);
    }
}
