package io.moeplan.eplb.search;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class ObjectiveTest {
    @Test
    void objectivesAreFoundByName() {
        for (Objective objective : Objective.all()) {
            assertThat(Objective.named(objective.name())).isEqualTo(objective);
        }
        assertThatThrownBy(() -> Objective.named("luck")).hasMessageEndingWith("use steps or mean or tail or decode");
        assertThatThrownBy(() -> new Objective.Tail(1)).isInstanceOf(IllegalArgumentException.class);
    }

    /** Two GPUs, one expert each: the smooth maximum of a scenario is at most 2^(1/32) below the maximum. */
    @Test
    void theTailIsTheMeanOfTheWorstScenarios() {
        float[][] tokens = {{10, 10}, {12, 8}, {18, 2}, {16, 4}};
        Placement placement = new Placement(2, new int[]{1, 1});
        placement.put(0, 0);
        placement.put(1, 1);
        GpuLoads half = new ScenarioLoads(new TokenLoads(tokens, 0), 2, 0.5);
        half.reset(placement);
        assertThat(half.cost()).isCloseTo((1.8 + 1.6) / 2 * Math.pow(0.5, 1 / 32.0), within(1e-4));
        GpuLoads all = new ScenarioLoads(new TokenLoads(tokens, 0), 2, 1);
        all.reset(placement);
        assertThat(all.cost()).isCloseTo(Math.pow(0.5, 1 / 32.0) * (1.2 + 1.8 + 1.6) / 4 + 0.25, within(1e-3));
    }

    @Test
    void theMeanIsTheFullestGpu() {
        Objective mean = new Objective.Mean();
        GpuLoads loads = mean.loads(mean.load(new int[][]{{4, 2}, {8, 2}}, 2, 0), 2, new Split.Even());
        Placement placement = new Placement(2, new int[]{1, 1});
        placement.put(0, 0);
        placement.put(1, 1);
        loads.reset(placement);
        assertThat(loads.cost()).isCloseTo(6 / 4.0, within(1e-12));
    }

    @Test
    void decodeCountsExpertsActivated() {
        // 1 - (1 - 1/2)^n for one expert on two GPUs, averaged over a Poisson n around 3.
        double poisson = Math.exp(-3);
        double expected = 0;
        for (int n = 0; n < 60; n++) {
            expected += poisson * (1 - Math.pow(0.5, n));
            poisson *= 3.0 / (n + 1);
        }
        assertThat(CostModel.activated(3, 2)).isCloseTo(expected, within(1e-12));
        CostModel model = new CostModel(0, 0, 1, 2, 10);
        assertThat(model.replicaSeconds(3, 2)).isCloseTo(2 * 1.5 + 10 * expected, within(1e-12));
    }

    @Test
    void noiseAloneHasNoFactors() {
        SplittableRandom random = new SplittableRandom(1);
        int[][] counts = new int[60][40];
        for (int[] step : counts) {
            for (int i = 0; i < 4000; i++) {
                step[(int) (40 * Math.pow(random.nextDouble(), 2))]++;
            }
        }
        LoadForecast forecast = LoadForecast.of(counts, 1);
        assertThat(forecast.factors()).isZero();
        assertThat(forecast.tokens()).isEqualTo(LoadForecast.mean(counts).tokens());
    }

    /** Experts 0 to 9 and 10 to 19 take turns, the others stay as they are: so they do in the draws. */
    @Test
    void aDriftIsFoundAndCarriedOn() {
        SplittableRandom random = new SplittableRandom(2);
        int[][] counts = new int[100][40];
        for (int t = 0; t < 100; t++) {
            for (int e = 0; e < 40; e++) {
                double mean = 50 * Math.exp(Math.sin(t / 8.0) * (e < 10 ? 0.6 : e < 20 ? -0.6 : 0));
                counts[t][e] = (int) Math.max(0, Math.round(mean + Math.sqrt(mean) * random.nextGaussian()));
            }
        }
        LoadForecast forecast = LoadForecast.of(counts, 1);
        assertThat(forecast.factors()).isEqualTo(1);
        double least = Double.POSITIVE_INFINITY;
        double most = 0;
        for (float[] draw : forecast.tokens()) {
            double first = sum(draw, 0, 10);
            double second = sum(draw, 10, 20);
            least = Math.min(least, first);
            most = Math.max(most, first);
            assertThat((first - second) * (first - 520)).isGreaterThan(-2000);
            assertThat(sum(draw, 20, 30)).isCloseTo(sum(draw, 30, 40), within(60.0));
        }
        assertThat(least).isLessThan(400);
        assertThat(most).isGreaterThan(700);
    }

    private static double sum(float[] values, int from, int to) {
        double sum = 0;
        for (int i = from; i < to; i++) {
            sum += values[i];
        }
        return sum;
    }

    /** Each step has other hot experts: no few factors tell that, so the steps are planned on as they were. */
    @Test
    void stepsThatNoFactorsDescribeAreTakenAsTheyWere() {
        SplittableRandom random = new SplittableRandom(4);
        int[][] counts = new int[20][40];
        for (int[] step : counts) {
            Arrays.setAll(step, e -> (int) (200 * Math.exp(0.5 * random.nextGaussian())));
        }
        LoadForecast forecast = LoadForecast.of(counts, 1);
        assertThat(forecast.tokens()).hasDimensions(20, 40);
        assertThat(sum(forecast.tokens()[7], 3, 9)).isEqualTo(Arrays.stream(counts[7], 3, 9).sum());
        assertThat(LoadForecast.draws(counts, 1).tokens().length).isGreaterThan(20);
    }

    @Test
    void manyStepsAreSummedInBins() {
        int[][] counts = new int[350][6];
        for (int t = 0; t < 350; t++) {
            Arrays.fill(counts[t], 100);
            counts[t][t / 60] += 300;
        }
        LoadForecast forecast = LoadForecast.of(counts, 1);
        assertThat(forecast.factors()).isPositive();
        for (float[] draw : forecast.tokens()) {
            assertThat(sum(draw, 0, 6)).isCloseTo(900, within(1.0));
        }
    }

    @Test
    void stepsHelpWhereLoadsDriftTogether() {
        SplittableRandom random = new SplittableRandom(3);
        int[][] counts = new int[90][16];
        for (int t = 0; t < 90; t++) {
            for (int e = 0; e < 16; e++) {
                double turn = Math.sin(t / 3.0) * (e % 4 < 2 ? 0.8 : -0.8);
                counts[t][e] = (int) ((150 + 13 * (e * 7 % 16)) * Math.exp(turn) * (1 + 0.1 * random.nextDouble()));
            }
        }
        assertThat(StepsCheck.gain(LayerProblem.of(16, 1, 8, 2), counts, 1_000_000, 1,
                ObjectiveTest::maxOverMean)).isGreaterThan(0.2);
    }

    @Test
    void anUnluckyLayerDoesNotSpeakAgainstSteps() {
        assertThat(StepsCheck.harmful(new double[]{})).isFalse();
        assertThat(StepsCheck.harmful(new double[]{-1})).isFalse();
        assertThat(StepsCheck.harmful(new double[]{0.1, -0.3, 0.1, -0.2})).isFalse();
        assertThat(StepsCheck.harmful(new double[]{-0.1, -0.3, -0.2, -0.2})).isTrue();
    }

    /** Of experts without further replicas, two on each of 8 GPUs. */
    private static double maxOverMean(int[] slots, int[][] counts) {
        double sum = 0;
        for (int[] step : counts) {
            int most = 0;
            for (int slot = 0; slot < 16; slot += 2) {
                most = Math.max(most, step[slots[slot]] + step[slots[slot + 1]]);
            }
            sum += most * 8.0 / Arrays.stream(step).sum();
        }
        return sum / counts.length;
    }

    @Test
    void calibrationFindsTheDeadZone() {
        double[] x = {1, 1.02, 1.05, 1.1, 1.2, 1.4, 1.8, 2.5};
        double[] seconds = Arrays.stream(x).map(v -> 3 + 2 * Math.max(0, v - 1.1)).toArray();
        CostModel model = CostModel.DEFAULT.calibrate(x, seconds);
        assertThat(model.deadZone()).isCloseTo(1.1, within(1e-9));
        assertThat(model.flatSeconds()).isCloseTo(3, within(1e-9));
        assertThat(model.slopeSeconds()).isCloseTo(2, within(1e-9));
        assertThat(model.seconds(1.05)).isCloseTo(3, within(1e-9));
        assertThat(model.tokenSeconds()).isEqualTo(CostModel.TOKEN_SECONDS);
        assertThatThrownBy(() -> CostModel.DEFAULT.calibrate(x, new double[8])).hasMessageContaining("do not grow");
        assertThatThrownBy(() -> CostModel.DEFAULT.calibrate(new double[]{1, 2}, new double[]{1, 2}))
                .hasMessageContaining("at least three");
    }
}
