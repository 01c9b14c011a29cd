package io.moeplan.eplb.traffic;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.moeplan.eplb.Layout;
import io.moeplan.eplb.LoadTrace;
import io.moeplan.eplb.PlanProblem;
import io.moeplan.eplb.TestLoads;
import io.moeplan.eplb.TestTokens;
import io.moeplan.eplb.TokenTrace;
import io.moeplan.eplb.Topology;
import io.moeplan.eplb.dispatch.Dispatch;
import io.moeplan.eplb.dispatch.EvenSplit;
import io.moeplan.eplb.dispatch.ModuloReplica;
import io.moeplan.eplb.dispatch.RandomReplica;
import io.moeplan.eplb.dispatch.StaticReplica;
import io.moeplan.eplb.planner.DeepSeekPlanner;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

class TrafficTest {
    private static final Offset<Double> EXACTLY = within(1e-12);
    /** Two nodes of two GPUs, two slots each: 0 1 | 2 0, 3 4 | 0 5. Expert 0 on GPUs 0, 1, and 3. */
    private static final Topology TOPOLOGY = new Topology(2, 2, 2);
    private static final Layout LAYOUT = new Layout(TOPOLOGY, 6, new int[]{0, 1, 2, 0, 3, 4, 0, 5});

    private static TokenTrace tokens(int[]... tokens) {
        return new TokenTrace(new int[]{0}, 6, tokens[0].length, List.of(TestTokens.request(tokens.length, tokens)));
    }

    private static TrafficFigures figures(TokenTrace trace, Dispatch dispatch, TokenSources sources) {
        return Traffic.of(trace, List.of(LAYOUT), dispatch, sources,
                Optional.of(RankCosts.ofLinks(TOPOLOGY, 1, 10))).overall();
    }

    @Test
    void withoutReplicasByHand() {
        // From rank 0: experts 1 and 2 are on GPUs 0 and 1, 3 and 4 on GPU 2.
        TrafficFigures figures = figures(tokens(new int[]{1, 2, 3, 4}), new EvenSplit(), request -> 0);
        assertThat(figures.gpus()).isCloseTo(3, EXACTLY);
        assertThat(figures.remoteGpus()).isCloseTo(2, EXACTLY);
        assertThat(figures.nodes()).isCloseTo(2, EXACTLY);
        assertThat(figures.remoteNodes()).isCloseTo(1, EXACTLY);
        assertThat(figures.crossNodeShare()).isCloseTo(0.5, EXACTLY);
        assertThat(figures.cost().orElseThrow()).isCloseTo(11, EXACTLY);
    }

    @Test
    void fromAnyRankIsTheMeanOverRanks() {
        Random random = new Random(2);
        for (int i = 0; i < 60; i++) {
            PlanProblem problem = TestLoads.problem(random);
            LoadTrace loads = TestLoads.trace(random, new int[]{0}, problem.experts(), 1);
            Layout layout = new Layout(problem.topology(), problem.experts(),
                    new DeepSeekPlanner().plan(problem, loads)[0]);
            int topK = Math.min(3, problem.experts());
            TokenTrace trace = TestTokens.trace(random, new int[]{0}, problem.experts(), topK, 4);
            for (Dispatch rule : Dispatch.all()) {
                isTheMeanOverRanks(trace, layout, rule);
            }
        }
    }

    @Test
    void absentGpusAreNoSources() {
        Random random = new Random(12);
        for (int i = 0; i < 60; i++) {
            int[] map = {0, 1, 2, 0, -1, -1, 3, 4, 0, 5};
            int[] gpus = random.ints(0, 5).distinct().limit(5).toArray();
            int[] shuffled = IntStream.range(0, 10).map(slot -> map[2 * gpus[slot / 2] + slot % 2]).toArray();
            Layout layout = new Layout(new Topology(1, 5, 2), 6, shuffled);
            assertThat(layout.senders()).hasSize(4);
            TokenTrace trace = TestTokens.trace(random, new int[]{0}, 6, 2, 3);
            for (Dispatch rule : Dispatch.all()) {
                isTheMeanOverRanks(trace, layout, rule);
            }
        }
    }

    @Test
    void contiguousTakesTheSameSlots() {
        Layout layout = new Layout(new Topology(1, 3, 2), 3, new int[]{2, 0, -1, -1, 1, 2});
        assertThat(Traffic.contiguous(List.of(layout))).singleElement().extracting(Layout::map)
                .isEqualTo(new int[]{0, 1, -1, -1, 2, 0});
    }

    private static void isTheMeanOverRanks(TokenTrace trace, Layout layout, Dispatch rule) {
        int ranks = layout.usedGpus();
        double[] mean = new double[5];
        for (int rank : layout.senders()) {
            double[] one = asArray(trace, layout, rule, request -> rank);
            Arrays.setAll(mean, i -> mean[i] + one[i] / ranks);
        }
        assertThat(asArray(trace, layout, rule, TokenSources.even())).as(rule.name()).containsExactly(mean,
                within(1e-9));
    }

    private static double[] asArray(TokenTrace trace, Layout layout, Dispatch rule, TokenSources sources) {
        TrafficFigures figures = Traffic.of(trace, List.of(layout), rule, sources,
                Optional.of(RankCosts.ofLinks(layout.topology(), 1, 10))).overall();
        return new double[]{figures.gpus(), figures.remoteGpus(), figures.nodes(), figures.remoteNodes(),
            figures.cost().orElseThrow()};
    }

    @Test
    void randomByHand() {
        // Expert 0 on GPUs 0, 1, 3, a third each; expert 5 on GPU 3. Distinct: 1 + 1/3 + 1/3; node 0 with 2/3.
        TrafficFigures figures = figures(tokens(new int[]{0, 5}), RandomReplica.random(), request -> 3);
        assertThat(figures.gpus()).isCloseTo(5.0 / 3, EXACTLY);
        assertThat(figures.remoteGpus()).isCloseTo(2.0 / 3, EXACTLY);
        assertThat(figures.nodes()).isCloseTo(5.0 / 3, EXACTLY);
        assertThat(figures.remoteNodes()).isCloseTo(2.0 / 3, EXACTLY);
        assertThat(figures.cost().orElseThrow()).isCloseTo(20.0 / 3, EXACTLY);
    }

    @Test
    void fixedRulesByHand() {
        // Static: rank 3 has expert 0 itself, so it all stays there. Modulo: rank 3 mod 3 = replica 0, on GPU 0.
        TokenTrace trace = tokens(new int[]{0, 5});
        assertThat(figures(trace, new StaticReplica(), request -> 3).remoteGpus()).isZero();
        TrafficFigures modulo = figures(trace, new ModuloReplica(), request -> 3);
        assertThat(modulo.gpus()).isEqualTo(2);
        assertThat(modulo.remoteNodes()).isEqualTo(1);
        assertThat(modulo.cost().orElseThrow()).isEqualTo(10);
    }

    @Test
    void theExpectationIsWhatDrawsComeTo() {
        Random random = new Random(3);
        TokenTrace trace = TestTokens.trace(random, new int[]{0}, 6, 3, 4);
        TrafficFigures expected = figures(trace, RandomReplica.random(), request -> request % 4);
        double gpus = 0;
        double remoteNodes = 0;
        int draws = 4000;
        for (int draw = 0; draw < draws; draw++) {
            for (int r = 0; r < trace.requests().size(); r++) {
                short[] experts = trace.requests().get(r).experts();
                for (int i = 0; i < experts.length; i += 3) {
                    int[] at = IntStream.range(i, i + 3)
                            .map(k -> LAYOUT.gpu(experts[k], random.nextInt(LAYOUT.replicas(experts[k])))).toArray();
                    int own = TOPOLOGY.nodeOf(r % 4);
                    gpus += IntStream.of(at).distinct().count();
                    remoteNodes += IntStream.of(at).map(TOPOLOGY::nodeOf).distinct().filter(n -> n != own).count();
                }
            }
        }
        double scale = 1.0 / draws / trace.tokens();
        assertThat(gpus * scale).isCloseTo(expected.gpus(), within(0.01));
        assertThat(remoteNodes * scale).isCloseTo(expected.remoteNodes(), within(0.01));
    }

    @Test
    void figuresStayWithinTheirLimits() {
        Random random = new Random(4);
        TokenTrace trace = TestTokens.trace(random, new int[]{3, 5}, 8, 3, 10);
        for (Dispatch rule : Dispatch.all()) {
            Traffic traffic = Traffic.of(trace, TestLoads.plan(), rule);
            assertThat(traffic.layers()).hasSize(2);
            assertThat(traffic.overall().cost()).isEmpty();
            assertThat(traffic.overall().gpus())
                    .isCloseTo((traffic.layers().get(0).gpus() + traffic.layers().get(1).gpus()) / 2, EXACTLY);
            for (TrafficFigures layer : traffic.layers()) {
                assertThat(layer.gpus()).isBetween(1.0, 3.0);
                assertThat(layer.nodes()).isBetween(1.0, 2.0).isLessThanOrEqualTo(layer.gpus());
                assertThat(layer.remoteGpus()).isBetween(layer.gpus() - 1, layer.gpus());
                assertThat(layer.remoteNodes()).isBetween(layer.nodes() - 1, layer.nodes());
            }
        }
    }

    @Test
    void theOwnReplicaSavesTraffic() {
        Random random = new Random(5);
        TokenTrace trace = TestTokens.trace(random, new int[]{0}, 6, 2, 20);
        assertThat(figures(trace, new StaticReplica(), TokenSources.roundRobin(4)).remoteGpus())
                .isLessThan(figures(trace, RandomReplica.random(), TokenSources.roundRobin(4)).remoteGpus());
    }

    @Test
    void whatDoesNotFitIsRefused() {
        TokenTrace trace = TestTokens.trace(new Random(6), new int[]{3, 4}, 8, 2, 3);
        assertThatThrownBy(() -> Traffic.of(trace, TestLoads.plan(), new EvenSplit()))
                .hasMessage("the recording has MoE layer 4, the plan does not");
        TokenTrace fewer = TestTokens.trace(new Random(6), new int[]{3}, 8, 2, 3);
        assertThatThrownBy(() -> Traffic.of(fewer, TestLoads.plan(), new EvenSplit()))
                .hasMessage("the plan has MoE layer 5, the recording does not");
        TokenTrace one = TestTokens.trace(new Random(6), new int[]{3}, 6, 2, 3);
        assertThatThrownBy(() -> Traffic.of(trace, List.of(LAYOUT), new EvenSplit(), TokenSources.even(),
                Optional.empty())).hasMessage("the recording has 2 MoE layers, the plan 1");
        assertThatThrownBy(() -> Traffic.of(one, List.of(LAYOUT), new EvenSplit(), request -> 4, Optional.empty()))
                .hasStackTraceContaining("tokens come from rank 4, the plan has 4 GPUs");
        assertThatThrownBy(() -> Traffic.of(one, List.of(LAYOUT), new EvenSplit(), TokenSources.even(),
                Optional.of(new RankCosts(new double[][]{{0}}))))
                .hasMessage("the costs are for 1 ranks, the plan for 4 GPUs");
        TokenTrace more = TestTokens.trace(new Random(6), new int[]{3}, 7, 2, 3);
        assertThatThrownBy(() -> Traffic.of(more, List.of(LAYOUT), new EvenSplit(), TokenSources.even(),
                Optional.empty())).hasMessage("the plan is for 6 experts per layer, the recording has 7");
    }

    @Test
    void coActivationCountsPairsOfATokensExperts() {
        CoActivation pairs = CoActivation.of(tokens(new int[]{0, 1, 2}, new int[]{2, 1, 5}), 0);
        assertThat(pairs.counts()[1]).containsExactly(1, 0, 2, 0, 0, 1);
        assertThat(pairs.counts()[2][1]).isEqualTo(2);
        assertThat(pairs.affinity()[1]).containsExactly(0.5, 0, 1, 0, 0, 0.5);
    }

    @Test
    void affinityPredictsWhatPuttingTwoTogetherSaves() {
        // Pairs only, so first order is exact: moving expert 1 next to 0 saves affinity(0, 1) GPUs per token.
        TokenTrace trace = TestTokens.trace(new Random(7), new int[]{0}, 4, 2, 40);
        Topology topology = new Topology(1, 2, 4);
        Layout apart = new Layout(new Topology(1, 4, 1), 4, new int[]{0, 1, 2, 3});
        Layout together = new Layout(topology, 4, new int[]{0, 1, 0, 1, 2, 3, 2, 3});
        double[][] affinity = CoActivation.of(trace, 0).affinity();
        double before = Traffic.of(trace, List.of(apart), new EvenSplit(), TokenSources.even(), Optional.empty())
                .overall().gpus();
        double after = Traffic.of(trace, List.of(together), new EvenSplit(), TokenSources.even(), Optional.empty())
                .overall().gpus();
        assertThat(before - after).isCloseTo(affinity[0][1] + affinity[2][3], EXACTLY);
    }

    @Test
    void layersAreToldApart() {
        TokenTrace trace = new TokenTrace(new int[]{0, 1}, 6, 2,
                List.of(new TokenTrace.Request(1, 0, new short[]{1, 2, 3, 4})));
        Traffic traffic = Traffic.of(trace, List.of(LAYOUT, LAYOUT), new EvenSplit(), request -> 0, Optional.empty());
        assertThat(traffic.layers()).extracting(TrafficFigures::remoteGpus).containsExactly(1.0, 1.0);
        assertThat(traffic.layers()).extracting(TrafficFigures::gpus).containsExactly(2.0, 1.0);
        assertThat(CoActivation.of(trace, 1).counts()[3][4]).isEqualTo(1);
        assertThat(CoActivation.of(trace, 1).counts()[1][2]).isZero();
    }
}
