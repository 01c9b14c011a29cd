package io.moeplan.statistics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.moeplan.eplb.LoadTrace;
import io.moeplan.eplb.Phase;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.apache.commons.math3.stat.correlation.PearsonsCorrelation;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

class DriftMeterTest {
    private static final Offset<Double> EXACT = within(1e-12);

    /** numpy 2.4: np.corrcoef of the deviations and the cosine of the shares, averaged with weights min(n_t, n_t+lag). */
    @Test
    void numpysFigures() {
        Drift.Measured drift = measured(trace(new int[][]{{10, 20, 30, 40}, {24, 36, 72, 68}, {25, 25, 25, 25},
            {120, 90, 60, 30}, {44, 26, 18, 12}}));
        assertThat(drift.steps()).isEqualTo(5);
        assertThat(drift.skippedLastStep()).isFalse();
        assertThat(drift.lags()).containsExactly(1, 2);
        assertThat(drift.chance()).isEqualTo(-0.25);
        Drift.LayerDrift layer = drift.layers().getFirst();
        assertThat(layer.cosine()[0]).isCloseTo(0.954561518443696, EXACT);
        assertThat(layer.cosine()[1]).isCloseTo(0.8048355347354417, EXACT);
        assertThat(layer.correlation()[0]).isCloseTo(0.45114037938467033, EXACT);
        assertThat(layer.correlation()[1]).isCloseTo(-0.46655485018650267, EXACT);
        assertThat(layer.stepMaxOverMean()).isCloseTo(1.505, EXACT);
        assertThat(drift.meanCorrelation()).containsExactly(layer.correlation());
        assertThat(drift.meanStepMaxOverMean()).isCloseTo(1.505, EXACT);
    }

    @Test
    void correlationIsPearsonsOfTheDeviations() {
        Random random = new Random(3);
        int[][] counts = new int[3][];
        for (int t = 0; t < 3; t++) {
            counts[t] = random.ints(10, 1, 100).toArray();
        }
        double[][] deviations = new double[3][10];
        double[] routed = new double[3];
        double[] total = new double[10];
        for (int t = 0; t < 3; t++) {
            for (int e = 0; e < 10; e++) {
                routed[t] += counts[t][e];
                total[e] += counts[t][e];
            }
        }
        double all = routed[0] + routed[1] + routed[2];
        for (int t = 0; t < 3; t++) {
            for (int e = 0; e < 10; e++) {
                deviations[t][e] = counts[t][e] / routed[t] - total[e] / all;
            }
        }
        PearsonsCorrelation pearson = new PearsonsCorrelation();
        double early = Math.min(routed[0], routed[1]);
        double late = Math.min(routed[1], routed[2]);
        double expected = (early * pearson.correlation(deviations[0], deviations[1])
                + late * pearson.correlation(deviations[1], deviations[2])) / (early + late);
        assertThat(measured(trace(counts)).layers().getFirst().correlation()[0]).isCloseTo(expected, EXACT);
    }

    @Test
    void independentStepsShowTheCorrelationOfChance() {
        Random random = new Random(23);
        int[][] counts = new int[64][256];
        for (int[] step : counts) {
            for (int draw = 0; draw < 20_000; draw++) {
                step[random.nextInt(256)]++;
            }
        }
        Drift.Measured drift = measured(trace(counts));
        assertThat(drift.lags()).containsExactly(1, 2, 4, 8, 16);
        for (double correlation : drift.meanCorrelation()) {
            assertThat(correlation).isCloseTo(drift.chance(), within(0.03));
        }
        for (double cosine : drift.meanCosine()) {
            assertThat(cosine).isGreaterThan(0.98);
        }
    }

    @Test
    void aSlowMovementOutlastsShortLags() {
        int[][] counts = new int[40][8];
        for (int t = 0; t < 40; t++) {
            for (int e = 0; e < 8; e++) {
                counts[t][e] = (int) Math.round(1000 + 500 * Math.sin(2 * Math.PI * (t / 40.0 + e / 8.0)));
            }
        }
        double[] correlation = measured(trace(counts)).meanCorrelation();
        assertThat(correlation[0]).isCloseTo(Math.cos(2 * Math.PI / 40), within(0.01));
        assertThat(correlation).isSortedAccordingTo((a, b) -> Double.compare(b, a));
    }

    @Test
    void equalStepsAndEmptyLayersGiveNoNan() {
        int[][] counts = new int[9][];
        for (int t = 0; t < 9; t++) {
            counts[t] = new int[]{7, 11, 13, 0, 0, 0};
        }
        Drift.Measured drift = measured(new LoadTrace(new int[]{1, 2}, 3, steps(counts)));
        assertThat(drift.layers().get(0).cosine()[0]).isCloseTo(1, EXACT);
        assertThat(drift.layers().get(0).correlation()).containsOnly(0);
        assertThat(drift.layers().get(1).cosine()).containsOnly(0);
        assertThat(drift.layers().get(1).stepMaxOverMean()).isEqualTo(1);
        assertThat(drift.meanCosine()[0]).as("over layers with load").isCloseTo(1, EXACT);
    }

    @Test
    void aShortLastStepAndEmptyStepsAreLeftOut() {
        Drift.Measured drift = measured(
                trace(new int[][]{{50, 50}, {0, 0}, {60, 40}, {40, 60}, {70, 30}, {5, 30}}));
        assertThat(drift.steps()).isEqualTo(4);
        assertThat(drift.skippedLastStep()).isTrue();
    }

    @Test
    void tooFewStepsIsSaid() {
        assertThat(DriftMeter.measure(trace(new int[][]{{1, 2}, {2, 1}}))).isEqualTo(new Drift.TooFewSteps(2));
        assertThat(DriftMeter.measure(trace(new int[][]{{10, 20}, {20, 10}, {1, 1}})))
                .isEqualTo(new Drift.TooFewSteps(2));
        assertThat(DriftMeter.measure(trace(new int[0][]))).isEqualTo(new Drift.TooFewSteps(0));
    }

    private static Drift.Measured measured(LoadTrace trace) {
        return (Drift.Measured) DriftMeter.measure(trace);
    }

    private static LoadTrace trace(int[][] counts) {
        return new LoadTrace(new int[]{0}, counts.length == 0 ? 2 : counts[0].length, steps(counts));
    }

    private static List<LoadTrace.Step> steps(int[][] counts) {
        List<LoadTrace.Step> steps = new ArrayList<>();
        for (int[] step : counts) {
            steps.add(new LoadTrace.Step(steps.size(), Phase.PREFILL, 1, step));
        }
        return steps;
    }
}
