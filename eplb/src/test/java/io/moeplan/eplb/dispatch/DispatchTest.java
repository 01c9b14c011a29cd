package io.moeplan.eplb.dispatch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.moeplan.eplb.Layout;
import io.moeplan.eplb.PlanProblem;
import io.moeplan.eplb.TestLoads;
import io.moeplan.eplb.Topology;
import io.moeplan.eplb.judge.SourceCounts;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DispatchTest {
    /** Two nodes of two GPUs, two slots each. Expert 0 on GPUs 0 and 3, expert 1 on 0 and 1, expert 2 on 1, 2, and 3. */
    private static final Layout LAYOUT = new Layout(new Topology(2, 2, 2), 4, new int[]{0, 1, 1, 2, 2, 3, 0, 2});

    @Test
    void rulesAreFoundByName() {
        assertThat(Dispatch.all()).extracting(Dispatch::name).containsExactly("even", "random", "static", "dynamic",
                "modulo", "lp");
        for (Dispatch rule : Dispatch.all()) {
            assertThat(Dispatch.named(rule.name())).isEqualTo(rule);
        }
        assertThatThrownBy(() -> Dispatch.named("odd")).hasMessage(
                "unknown dispatch rule \"odd\": use even or random or static or dynamic or modulo or lp");
    }

    @ParameterizedTest
    @CsvSource({"sglang, static", "vllm, random", "vllm-ascend, modulo", "tensorrt-llm, even", "deepseek, even"})
    void everyEngineHasItsRule(String engine, String rule) {
        assertThat(Engine.named(engine).dispatch().name()).isEqualTo(rule);
    }

    @Test
    void anEngineThatIsNotThere() {
        assertThatThrownBy(() -> Engine.named("llm")).hasMessage(
                "unknown engine \"llm\": use sglang or vllm or vllm-ascend or tensorrt-llm or deepseek");
    }

    @Test
    void noRuleLosesTokens() {
        Random random = new Random(1);
        for (int i = 0; i < 500; i++) {
            PlanProblem problem = TestLoads.problem(random);
            Layout layout = layout(problem, random);
            int[] counts = TestLoads.counts(random, problem.experts());
            int[][] sources = spread(random, counts, problem.topology().gpus());
            double tokens = Arrays.stream(counts).sum();
            for (Dispatch rule : Dispatch.all()) {
                double[] load = load(rule, layout, new LayerStep(i, 0, counts, 0, new int[0][]));
                assertThat(Arrays.stream(load).sum()).as(rule.name()).isCloseTo(tokens, within(1e-6));
                double[] known = load(rule, layout, new LayerStep(i, 0, counts, 0, sources));
                assertThat(Arrays.stream(known).sum()).as(rule.name()).isCloseTo(tokens, within(1e-6));
            }
        }
    }

    @Test
    void allRulesAgreeWithoutReplicas() {
        Random random = new Random(2);
        Layout layout = new Layout(new Topology(2, 2, 3), 12, permutation(random, 12));
        int[] counts = TestLoads.counts(random, 12);
        double[] even = load(new EvenSplit(), layout, LayerStep.of(counts, 0));
        for (Dispatch rule : Dispatch.all()) {
            assertThat(load(rule, layout, LayerStep.of(counts, 0))).as(rule.name()).containsExactly(even,
                    within(1e-9));
        }
    }

    @Test
    void moduloCountsReplicasInOrderOfSlots() {
        int[][] choices = new ModuloReplica().choices(LAYOUT);
        assertThat(choices).isDeepEqualTo(new int[][]{{0, 1, 0, 1}, {0, 1, 0, 1}, {0, 1, 2, 0}, {0, 0, 0, 0}});
        // Expert 2, three replicas: source ranks 0 and 3 use the one on GPU 1.
        assertThat(load(new ModuloReplica(), LAYOUT, LayerStep.of(new int[]{0, 0, 8, 0}, 0))).containsExactly(0, 4, 2,
                2);
    }

    @Test
    void staticPrefersTheOwnGpuThenTheOwnNode() {
        int[][] choices = new StaticReplica().choices(LAYOUT);
        // GPU 0 has its own, GPU 1 the one of its node, and so on.
        assertThat(choices[0]).containsExactly(0, 0, 1, 1);
        // Both replicas are on node 0, so GPUs 2 and 3 have none nearby and share them, one each.
        assertThat(choices[1]).startsWith(0, 1);
        assertThat(List.of(choices[1][2], choices[1][3])).containsExactlyInAnyOrder(0, 1);
        assertThat(choices[2]).containsExactly(0, 0, 1, 2);
        assertThat(choices[3]).containsExactly(0, 0, 0, 0);
    }

    @Test
    void staticSharesRanksWithoutAReplicaFairly() {
        Random random = new Random(3);
        for (int i = 0; i < 500; i++) {
            PlanProblem problem = TestLoads.problem(random);
            Layout layout = layout(problem, random);
            int[][] choices = new StaticReplica().choices(layout);
            assertThat(choices).isDeepEqualTo(new StaticReplica().choices(layout));
            for (int expert = 0; expert < layout.experts(); expert++) {
                checkStatic(layout, expert, choices[expert]);
            }
        }
    }

    private static void checkStatic(Layout layout, int expert, int[] choices) {
        Topology topology = layout.topology();
        int n = layout.replicas(expert);
        int[] fair = new int[n];
        for (int source = 0; source < choices.length; source++) {
            int gpu = source;
            int node = topology.nodeOf(source);
            long own = IntStream.range(0, n).filter(r -> layout.gpu(expert, r) == gpu).count();
            long near = IntStream.range(0, n).filter(r -> topology.nodeOf(layout.gpu(expert, r)) == node).count();
            int chosen = layout.gpu(expert, choices[source]);
            if (own > 0) {
                assertThat(chosen).isEqualTo(gpu);
            } else if (near > 0 && near < n) {
                assertThat(topology.nodeOf(chosen)).isEqualTo(node);
            } else {
                fair[choices[source]]++;
            }
        }
        assertThat(Arrays.stream(fair).max().orElseThrow() - Arrays.stream(fair).min().orElseThrow())
                .isLessThanOrEqualTo(1);
    }

    @Test
    void fixedChoicesFollowTheSourcesWhereTheyAreKnown() {
        // All tokens of expert 1 come from rank 1, those of expert 0 from rank 3; the row starts at index 1.
        int[][] sources = {{9, 0, 0, 0, 0}, {9, 0, 6, 0, 0}, {9, 0, 0, 0, 0}, {9, 5, 0, 0, 0}};
        LayerStep step = new LayerStep(0, 0, new int[]{36, 5, 6, 0, 0}, 1, sources);
        assertThat(load(new StaticReplica(), LAYOUT, step)).containsExactly(0, 6, 0, 5);
        assertThat(load(new ModuloReplica(), LAYOUT, step)).containsExactly(0, 6, 0, 5);
    }

    @Test
    void otherRanksThanGpusAreRefused() {
        LayerStep step = new LayerStep(0, 0, new int[4], 0, new int[3][4]);
        assertThatThrownBy(() -> load(new StaticReplica(), LAYOUT, step)).hasMessage(
                "tokens come from 3 ranks, the plan is for 4 GPUs: replay with as many ranks as GPUs");
    }

    @Test
    void evenSourcesGiveTheSameLoadKnownOrNot() {
        Random random = new Random(4);
        for (int i = 0; i < 200; i++) {
            PlanProblem problem = TestLoads.problem(random);
            Layout layout = layout(problem, random);
            int gpus = problem.topology().gpus();
            int[] each = TestLoads.counts(random, problem.experts());
            int[] counts = Arrays.stream(each).map(count -> count * gpus).toArray();
            int[][] sources = new int[gpus][];
            Arrays.fill(sources, each);
            for (Dispatch rule : List.of(new StaticReplica(), new ModuloReplica())) {
                assertThat(load(rule, layout, new LayerStep(0, 0, counts, 0, sources)))
                        .containsExactly(load(rule, layout, LayerStep.of(counts, 0)), within(1e-6));
            }
        }
    }

    /** Node 0 has GPU 0 only, node 1 both of its. Expert 0 on GPUs 0 and 2, expert 1 on 2 and 3, expert 2 on 3. */
    private static final Layout ABSENT = new Layout(new Topology(2, 2, 2), 3, new int[]{0, -1, -1, -1, 0, 1, 1, 2});

    @Test
    void absentGpusSendNothing() {
        assertThat(ABSENT.senders()).containsExactly(0, 2, 3);
        assertThat(ABSENT.usedGpus()).isEqualTo(3);
        // Of ranks 0, 2, and 3, modulo sends two to replica 0 and one to replica 1; rank 1 would have taken the second.
        LayerStep first = LayerStep.of(new int[]{9, 0, 0}, 0);
        assertThat(load(new ModuloReplica(), ABSENT, first)).containsExactly(6, 0, 3, 0);
        assertThat(load(new StaticReplica(), ABSENT, first)).containsExactly(3, 0, 6, 0);
        // Only rank 0 has no replica of expert 1 nearby: it takes one of them, which is not an absent rank's share.
        int taken = ABSENT.gpu(1, new StaticReplica().choices(ABSENT)[1][0]);
        double[] shared = load(new StaticReplica(), ABSENT, LayerStep.of(new int[]{0, 9, 0}, 0));
        assertThat(shared[taken]).isEqualTo(6);
        assertThat(Arrays.stream(shared).sum()).isEqualTo(9);
    }

    @Test
    void fixedChoicesWithAbsentGpusAreThoseOfTheirSenders() {
        Random random = new Random(11);
        for (int i = 0; i < 300; i++) {
            Layout layout = withAbsentGpus(random);
            int[] each = TestLoads.counts(random, layout.experts());
            int[] senders = layout.senders();
            int[][] sources = new int[layout.topology().gpus()][layout.experts()];
            for (int sender : senders) {
                sources[sender] = each;
            }
            int[] counts = Arrays.stream(each).map(count -> count * senders.length).toArray();
            for (Dispatch rule : List.of(new StaticReplica(), new ModuloReplica())) {
                assertThat(load(rule, layout, LayerStep.of(counts, 0))).as(rule.name()).containsExactly(
                        load(rule, layout, new LayerStep(0, 0, counts, 0, sources)), within(1e-6));
            }
            isFairAmongSenders(layout);
        }
    }

    private static void isFairAmongSenders(Layout layout) {
        int[][] choices = new StaticReplica().choices(layout);
        Topology topology = layout.topology();
        for (int expert = 0; expert < layout.experts(); expert++) {
            int e = expert;
            int n = layout.replicas(expert);
            int[] fair = new int[n];
            for (int sender : layout.senders()) {
                long near = layout.gpusOf(e).filter(gpu -> topology.nodeOf(gpu) == topology.nodeOf(sender)).count();
                boolean own = layout.gpusOf(e).anyMatch(gpu -> gpu == sender);
                if (!own && (near == 0 || near == n)) {
                    fair[choices[e][sender]]++;
                }
            }
            assertThat(Arrays.stream(fair).max().orElseThrow() - Arrays.stream(fair).min().orElseThrow())
                    .isLessThanOrEqualTo(1);
        }
    }

    @Test
    void sourcesOnPresentGpus() {
        SourceCounts two = new SourceCounts() {
            @Override
            public int ranks() {
                return 2;
            }

            @Override
            public void read(int step, int[][] counts) {
                counts[0][0] = 5;
                counts[1][0] = 7 + step;
            }
        };
        SourceCounts placed = two.onGpus(new int[]{0, 2}, 4);
        int[][] counts = {{1}, {1}, {1}, {1}};
        placed.read(1, counts);
        assertThat(placed.ranks()).isEqualTo(4);
        assertThat(counts).isDeepEqualTo(new int[][]{{5}, {0}, {8}, {0}});
    }

    @Test
    void randomDrawsTheSameForTheSameStep() {
        int[] counts = {1000, 500, 2000, 7};
        LayerDispatch rule = RandomReplica.random().on(LAYOUT);
        double[] first = new double[4];
        double[] again = new double[4];
        double[] other = new double[4];
        rule.gpuLoad(new LayerStep(5, 2, counts, 0, new int[0][]), first);
        rule.gpuLoad(new LayerStep(6, 2, counts, 0, new int[0][]), other);
        rule.gpuLoad(new LayerStep(5, 2, counts, 0, new int[0][]), again);
        assertThat(again).containsExactly(first);
        assertThat(other).isNotEqualTo(first);
        assertThat(Arrays.stream(first)).allMatch(load -> load == Math.rint(load));
    }

    @Test
    void randomIsEvenOnAverageAndSpreadsAsAMultinomialDraw() {
        int[] counts = {0, 0, 3000, 0};
        LayerDispatch rule = RandomReplica.dynamic().on(LAYOUT);
        double[] load = new double[4];
        double sum = 0;
        double squares = 0;
        int steps = 4000;
        for (int step = 0; step < steps; step++) {
            rule.gpuLoad(new LayerStep(step, 0, counts, 0, new int[0][]), load);
            sum += load[2];
            squares += (load[2] - 1000) * (load[2] - 1000);
        }
        // Standard error of the mean: sqrt(3000 * 1/3 * 2/3 / 4000) = 0.41.
        assertThat(sum / steps).isCloseTo(1000, within(1.6));
        assertThat(squares / steps).isCloseTo(3000 * 2.0 / 9, within(60.0));
    }

    static double[] load(Dispatch rule, Layout layout, LayerStep step) {
        double[] load = new double[layout.topology().gpus()];
        Arrays.fill(load, 99);
        rule.on(layout).gpuLoad(step, load);
        return load;
    }

    /** A random layout, replicas of an expert on one GPU included. */
    static Layout layout(PlanProblem problem, Random random) {
        int[] map = permutation(random, problem.topology().slots());
        for (int slot = 0; slot < map.length; slot++) {
            map[slot] = map[slot] < problem.experts() ? map[slot] : random.nextInt(problem.experts());
        }
        return new Layout(problem.topology(), problem.experts(), map);
    }

    /** A random layout in which some GPUs, and some further slots, hold nothing. */
    private static Layout withAbsentGpus(Random random) {
        Topology topology = new Topology(2, 2 + random.nextInt(2), 4);
        int experts = 4 + random.nextInt(3);
        int[] map = new int[topology.slots()];
        Arrays.fill(map, Layout.EMPTY);
        int[] present = Arrays.stream(permutation(random, topology.gpus())).limit(2 + random.nextInt(2)).toArray();
        int[] order = permutation(random, present.length * topology.slotsPerGpu());
        for (int i = 0; i < order.length; i++) {
            int slot = present[order[i] / topology.slotsPerGpu()] * topology.slotsPerGpu()
                    + order[i] % topology.slotsPerGpu();
            map[slot] = i < experts ? i : random.nextInt(-1, experts);
        }
        return new Layout(topology, experts, map);
    }

    private static int[] permutation(Random random, int size) {
        int[] items = IntStream.range(0, size).toArray();
        for (int i = size - 1; i > 0; i--) {
            int j = random.nextInt(i + 1);
            int item = items[i];
            items[i] = items[j];
            items[j] = item;
        }
        return items;
    }

    /** The counts dealt to ranks at random, {@code [ranks][experts]}. */
    private static int[][] spread(Random random, int[] counts, int ranks) {
        int[][] sources = new int[ranks][counts.length];
        for (int expert = 0; expert < counts.length; expert++) {
            for (int token = 0; token < counts[expert]; token++) {
                sources[random.nextInt(ranks)][expert]++;
            }
        }
        return sources;
    }
}
