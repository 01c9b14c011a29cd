package io.moeplan.eplb;

import static org.assertj.core.api.Assertions.assertThat;

import io.moeplan.eplb.dispatch.EvenSplit;
import io.moeplan.eplb.planner.DeepSeekPlanner;
import io.moeplan.eplb.planner.Planning;
import io.moeplan.eplb.planner.RandomProblems;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** The bound against every layout of tiny problems. */
class BoundBruteForceTest {
    @Test
    void everyTermIsALowerBoundAndBindsSomewhere() {
        Random random = new Random(8);
        Map<Bound.Term, Integer> met = new EnumMap<>(Bound.Term.class);
        for (int i = 0; i < 900; i++) {
            PlanProblem problem = tiny(random);
            long[] totals = random.longs(problem.experts(), 0, 1L << (1 + random.nextInt(6))).toArray();
            Bound bound = Bound.of(problem, totals);
            double best = best(problem, totals);
            assertThat(bound.maxOverMean()).as("%s %s", problem, Arrays.toString(totals))
                    .isLessThanOrEqualTo(best * (1 + 1e-12));
            if (best <= bound.maxOverMean() * (1 + 1e-12)) {
                met.merge(bound.term(), 1, Integer::sum);
            }
        }
        assertThat(met).containsOnlyKeys(Bound.Term.values());
        assertThat(met.values()).allMatch(count -> count >= 3);
    }

    @Test
    void sharedGpuByHand() {
        // Three like experts on two GPUs without redundancy: two of them share one.
        PlanProblem problem = PlanProblem.withSlotsPerGpu(4, 1, 1, 2, 2);
        assertThat(Bound.of(problem, new long[]{9, 9, 9, 0}))
                .isEqualTo(new Bound(18 / 13.5, Bound.Term.SHARED_GPU));
    }

    @Test
    void pinnedGroupsByHand() {
        // Groups of 6, 5, 4 and 1 on two nodes of two GPUs: at best 7 + 9, so 4.5 against a mean of 4.
        long[] totals = {3, 3, 3, 2, 2, 2, 1, 0};
        PlanProblem pinned = PlanProblem.withSlotsPerGpu(8, 4, 2, 4, 8);
        assertThat(Bound.of(pinned, totals)).isEqualTo(new Bound(4.5 / 4, Bound.Term.PINNED_GROUPS));
        Requirements free = pinned.requirements().withGroups(GroupPlacement.FREE);
        assertThat(Bound.of(pinned.with(free), totals).maxOverMean()).isEqualTo(1);
    }

    @Test
    void manyGroupsFallBackToABoundThatStillHolds() {
        // 60 groups of one expert on 6 nodes: more sets than are tried.
        Random random = new Random(9);
        PlanProblem problem = PlanProblem.withSlotsPerGpu(60, 60, 6, 12, 5);
        long[] totals = random.longs(60, 0, 1000).toArray();
        Bound bound = Bound.of(problem, totals);
        int[][] map = new DeepSeekPlanner().plan(problem, TestLoads.oneLayer(
                Arrays.stream(totals).mapToInt(Math::toIntExact).toArray()));
        assertThat(Planning.certify(problem, 0, map[0], totals).maxOverMean())
                .isGreaterThanOrEqualTo(bound.maxOverMean() * (1 - 1e-12));
    }

    private static PlanProblem tiny(Random random) {
        while (true) {
            int nodes = 1 + random.nextInt(3);
            Topology topology = new Topology(nodes, 1 + random.nextInt(2), 1 + random.nextInt(3));
            int groups = 1 + random.nextInt(4);
            int experts = groups * (1 + random.nextInt(3));
            List<Integer> absent = topology.gpus() > 1 && random.nextInt(4) == 0
                    ? List.of(random.nextInt(topology.gpus()))
                    : List.of();
            Requirements requirements = new Requirements(random.nextInt(3) == 0 ? 1 : 0, absent,
                    groups > 1 && random.nextBoolean() ? GroupPlacement.PINNED : GroupPlacement.FREE, false,
                    random.nextInt(3) == 0 ? 1 : 0, 0);
            Optional<PlanProblem> problem = RandomProblems.possible(topology, experts, groups, requirements);
            if (problem.isPresent() && topology.slots() <= 7 && Math.pow(experts + 1, topology.slots()) <= 100_000) {
                return problem.get();
            }
        }
    }

    private static double best(PlanProblem problem, long[] totals) {
        int[] map = new int[problem.topology().slots()];
        Arrays.fill(map, -1);
        double best = Double.MAX_VALUE;
        do {
            if (LayoutCheck.find(problem.topology(), problem.experts(), problem.requirements(), map).isEmpty()
                    && groupsHold(problem, map)) {
                Layout layout = new Layout(problem.topology(), problem.experts(), map);
                if (!survives(layout, problem.requirements().lostGpus())) {
                    continue;
                }
                double fullest = Arrays.stream(EvenSplit.gpuLoad(layout, totals)).max().orElseThrow();
                best = Math.min(best, fullest);
            }
        } while (next(map, problem.experts()));
        double mean = (double) Arrays.stream(totals).sum() / problem.presentGpus();
        return mean == 0 ? 1 : best / mean;
    }

    private static boolean survives(Layout layout, int lostGpus) {
        return IntStream.range(0, layout.experts()).allMatch(e -> layout.gpusOf(e).distinct().count() > lostGpus);
    }

    private static boolean groupsHold(PlanProblem problem, int[] map) {
        int[] nodeOf = new int[problem.groups()];
        for (int slot = 0; slot < map.length && problem.hierarchical(); slot++) {
            int node = 1 + problem.topology().nodeOf(problem.topology().gpuOf(slot));
            if (map[slot] >= 0) {
                int group = problem.groupOf(map[slot]);
                if (nodeOf[group] != 0 && nodeOf[group] != node) {
                    return false;
                }
                nodeOf[group] = node;
            }
        }
        return true;
    }

    /** Counts up with digits from -1; false after the last number. */
    private static boolean next(int[] number, int digits) {
        for (int i = 0; i < number.length; i++) {
            number[i]++;
            if (number[i] < digits) {
                return true;
            }
            number[i] = -1;
        }
        return false;
    }
}
