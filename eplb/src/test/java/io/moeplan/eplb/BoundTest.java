package io.moeplan.eplb;

import static org.assertj.core.api.Assertions.assertThat;

import io.moeplan.eplb.planner.Planning;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class BoundTest {
    @Test
    void evenLoadsAreBoundByTheMean() {
        Bound bound = Bound.of(PlanProblem.withRedundant(8, 1, 1, 4, 0), new long[]{5, 5, 5, 5, 5, 5, 5, 5});
        assertThat(bound).isEqualTo(new Bound(1, Bound.Term.MEAN));
    }

    @Test
    void oneHotExpertIsBoundByItsReplicas() {
        // 100 of 107 tokens on one expert, at most 5 slots and 4 GPUs for it: at least 25 on one GPU, mean 26.75.
        long[] totals = {100, 1, 1, 1, 1, 1, 1, 1};
        assertThat(Bound.of(PlanProblem.withRedundant(8, 1, 1, 4, 4), totals).term()).isEqualTo(Bound.Term.MEAN);
        // Without redundancy all 100 on one GPU.
        assertThat(Bound.of(PlanProblem.withRedundant(8, 1, 1, 4, 0), totals))
                .isEqualTo(new Bound(100 / 26.75, Bound.Term.HOTTEST_EXPERT));
    }

    @Test
    void severalHotExpertsAreBoundByTheLargestSlot() {
        // Two experts of 60 share two extra slots: 30 is the smallest largest slot; alone one could come to 60 / 3.
        long[] totals = {60, 60, 0, 0, 0, 0};
        assertThat(Bound.of(PlanProblem.withRedundant(6, 1, 1, 8, 2), totals))
                .isEqualTo(new Bound(2, Bound.Term.LARGEST_SLOT));
    }

    @Test
    void noTokensNoImbalance() {
        assertThat(Bound.of(PlanProblem.withRedundant(8, 1, 1, 4, 4), new long[8]).maxOverMean()).isEqualTo(1);
    }

    /** Every layout of tiny problems, replicas sharing a GPU included: none beats the bound, and many meet it. */
    @Test
    void noLayoutBeatsTheBound() {
        Random random = new Random(3);
        int met = 0;
        for (int i = 0; i < 300; i++) {
            PlanProblem problem = tiny(random);
            long[] totals = random.longs(problem.experts(), 0, 1L << (1 + random.nextInt(6))).toArray();
            double bound = Bound.of(problem, totals).maxOverMean();
            double best = bestMaxOverMean(problem, totals);
            assertThat(best).isGreaterThanOrEqualTo(bound - 1e-12);
            met += best <= bound + 1e-12 ? 1 : 0;
        }
        assertThat(met).isGreaterThan(100);
    }

    private static PlanProblem tiny(Random random) {
        int gpus = 2 + random.nextInt(2);
        int slotsPerGpu = 1 + random.nextInt(6 / gpus);
        int experts = slotsPerGpu + random.nextInt(Math.min(4, gpus * slotsPerGpu) - slotsPerGpu + 1);
        return PlanProblem.withSlotsPerGpu(experts, 1, 1, gpus, slotsPerGpu);
    }

    private static double bestMaxOverMean(PlanProblem problem, long[] totals) {
        int[] map = new int[problem.topology().slots()];
        double best = Double.MAX_VALUE;
        do {
            if (Arrays.stream(map).distinct().count() == problem.experts()) {
                best = Math.min(best, Planning.certify(problem, 0, map, totals).maxOverMean());
            }
        } while (next(map, problem.experts()));
        return best;
    }

    /** Counts up in base {@code digits}; false after the last number. */
    private static boolean next(int[] number, int digits) {
        for (int i = 0; i < number.length; i++) {
            number[i] = (number[i] + 1) % digits;
            if (number[i] != 0) {
                return true;
            }
        }
        return false;
    }
}
