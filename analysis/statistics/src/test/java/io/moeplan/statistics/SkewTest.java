package io.moeplan.statistics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

class SkewTest {
    private static final Offset<Double> EXACT = within(1e-12);

    @Test
    void aHandComputedLayer() {
        // mean 2, squared deviations 4 + 1 + 1 + 4 + 0 + 0 = 10, so CV = sqrt(10 / 6) / 2
        LayerSkew skew = Skew.of(7, new long[]{4, 3, 1, 0, 2, 2});
        assertThat(skew.layer()).isEqualTo(7);
        assertThat(skew.routed()).isEqualTo(12);
        assertThat(skew.cv()).isCloseTo(Math.sqrt(10.0 / 6) / 2, EXACT);
        assertThat(skew.maxOverMean()).isCloseTo(2, EXACT);
        // ascending 0 1 2 2 3 4 with weights -5 -3 -1 1 3 5: -3 - 2 + 2 + 9 + 20 = 26, over 6 * 12
        assertThat(skew.gini()).isCloseTo(26.0 / 72, EXACT);
        assertThat(skew.dead()).isEqualTo(1);
        assertThat(skew.topExperts()).isEqualTo(1);
        assertThat(skew.topShare()).isCloseTo(4.0 / 12, EXACT);
        assertThat(skew.hottest()).containsExactly(0, 1, 4, 5, 2);
    }

    /**
     * numpy 2.4: x.std() / m, x.max() / m, |x_i - x_j| summed over pairs / (2 n² m), -sum p log p, its ratio to log n, and
     * the two largest of the sorted loads over the sum.
     */
    @Test
    void numpysFigures() {
        LayerSkew skew = Skew.of(0, new long[]{50, 0, 10, 20, 5, 5, 100, 1, 0, 9, 0, 0});
        assertThat(skew.cv()).isCloseTo(1.714526173611823, EXACT);
        assertThat(skew.maxOverMean()).isCloseTo(6.0, EXACT);
        assertThat(skew.gini()).isCloseTo(0.735, EXACT);
        assertThat(skew.entropy()).isCloseTo(1.4236770385900182, EXACT);
        assertThat(skew.normalisedEntropy()).isCloseTo(0.5729297874072972, EXACT);
        assertThat(skew.topExperts()).isEqualTo(2);
        assertThat(skew.topShare()).isCloseTo(0.75, EXACT);

        LayerSkew other = Skew.of(0, new long[]{400, 300, 200, 100, 0, 0, 0, 0, 0, 0, 0, 3});
        assertThat(other.cv()).isCloseTo(1.60580327797559, EXACT);
        assertThat(other.gini()).isCloseTo(0.7485044865403788, EXACT);
        assertThat(other.entropy()).isCloseTo(1.2963969594330484, EXACT);
        assertThat(other.topShare()).isCloseTo(0.6979062811565304, EXACT);
    }

    @Test
    void nearDeadExpertsAreBelowOnePercentOfTheMeanAndNotDead() {
        // mean 500: 4 is below 5, 5 is not
        LayerSkew skew = Skew.of(0, new long[]{1991, 4, 5, 0});
        assertThat(skew.nearDead()).isEqualTo(1);
        assertThat(skew.dead()).isEqualTo(1);
    }

    @Test
    void aLayerWithoutLoadLooksEvenAndHasNoNan() {
        LayerSkew skew = Skew.of(3, new long[16]);
        assertThat(skew.routed()).isZero();
        assertThat(skew.cv()).isZero();
        assertThat(skew.maxOverMean()).isEqualTo(1);
        assertThat(skew.gini()).isZero();
        assertThat(skew.entropy()).isCloseTo(Math.log(16), EXACT);
        assertThat(skew.normalisedEntropy()).isEqualTo(1);
        assertThat(skew.dead()).isEqualTo(16);
        assertThat(skew.topShare()).isEqualTo(2.0 / 16);
        assertThat(skew.hottest()).isEmpty();
    }

    @Test
    void extremesAreReached() {
        LayerSkew even = Skew.of(0, new long[]{5, 5, 5, 5});
        assertThat(even.cv()).isZero();
        assertThat(even.gini()).isZero();
        assertThat(even.normalisedEntropy()).isCloseTo(1, EXACT);
        LayerSkew one = Skew.of(0, new long[]{0, 0, 9, 0});
        assertThat(one.cv()).isCloseTo(Math.sqrt(3), EXACT);
        assertThat(one.gini()).isCloseTo(0.75, EXACT);
        assertThat(one.entropy()).isZero();
        assertThat(one.topShare()).isEqualTo(1);
        assertThat(Skew.of(0, new long[]{9}).normalisedEntropy()).isEqualTo(1);
    }

    @Test
    void figuresStayInTheirRangesAndIgnoreScale() {
        Random random = new Random(11);
        for (int round = 0; round < 200; round++) {
            int experts = 2 + random.nextInt(60);
            long[] loads = random.longs(experts, 0, 1 + random.nextInt(1000)).toArray();
            LayerSkew skew = Skew.of(0, loads);
            assertThat(skew.cv()).isBetween(0.0, Math.sqrt(experts - 1.0) + 1e-9);
            assertThat(skew.maxOverMean()).isBetween(1.0, experts + 1e-9);
            assertThat(skew.gini()).isBetween(0.0, 1.0);
            assertThat(skew.normalisedEntropy()).isBetween(0.0, 1.0 + 1e-12);
            LayerSkew scaled = Skew.of(0, Arrays.stream(loads).map(load -> 1000 * load).toArray());
            assertThat(scaled.cv()).isCloseTo(skew.cv(), within(1e-9));
            assertThat(scaled.gini()).isCloseTo(skew.gini(), within(1e-9));
            assertThat(scaled.hottest()).isEqualTo(skew.hottest());
        }
    }

    @Test
    void theSummaryLeavesOutLayersWithoutLoad() {
        LayerSkew mild = Skew.of(3, new long[]{3, 1});
        LayerSkew strong = Skew.of(4, new long[]{4, 0});
        SkewSummary summary = SkewSummary.of(List.of(mild, strong, Skew.of(5, new long[2])));
        assertThat(summary.emptyLayers()).isEqualTo(1);
        assertThat(summary.mostSkewedLayer()).isEqualTo(4);
        assertThat(summary.maxOverMean()).isEqualTo(new SkewSummary.Range(1.75, 1.5, 2));
        assertThat(summary.dead()).isEqualTo(new SkewSummary.Range(0.5, 0, 1));
        assertThat(SkewSummary.of(List.of(Skew.of(0, new long[2]))).cv()).isEqualTo(new SkewSummary.Range(0, 0, 0));
        assertThat(SkewSummary.of(List.of()).mostSkewedLayer()).isEqualTo(-1);
    }
}
