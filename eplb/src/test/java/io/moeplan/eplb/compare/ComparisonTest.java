package io.moeplan.eplb.compare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.moeplan.eplb.Bound;
import io.moeplan.eplb.LoadTrace;
import io.moeplan.eplb.Plan;
import io.moeplan.eplb.PlanProblem;
import io.moeplan.eplb.SpareSlots;
import io.moeplan.eplb.TestLoads;
import io.moeplan.eplb.TokenTrace;
import io.moeplan.eplb.compare.ComparisonRow.Impossible;
import io.moeplan.eplb.compare.ComparisonRow.Judged;
import io.moeplan.eplb.dispatch.Dispatch;
import io.moeplan.eplb.judge.HoldoutSplit;
import io.moeplan.eplb.judge.JudgedSteps;
import io.moeplan.eplb.judge.Simulation;
import io.moeplan.eplb.judge.SourceCounts;
import io.moeplan.eplb.judge.Verdict;
import io.moeplan.eplb.judge.Verdicts;
import io.moeplan.eplb.planner.ContiguousPlanner;
import io.moeplan.eplb.planner.DeepSeekPlanner;
import io.moeplan.eplb.planner.Planner;
import io.moeplan.eplb.planner.Planners;
import io.moeplan.eplb.planner.Planning;
import io.moeplan.eplb.planner.SearchPlanner;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class ComparisonTest {
    private static final Planner DEEPSEEK = new DeepSeekPlanner();
    private static final Planner CONTIGUOUS = new ContiguousPlanner();
    private static final Plan.Model MODEL = new Plan.Model("tiny", "qwen3_moe", 16, 2, 1);
    private static final HoldoutSplit SPLIT = HoldoutSplit.of(steadyTrace(), 0.5);

    /** The same skew in every step, with a little noise. */
    private static LoadTrace steadyTrace() {
        Random random = new Random(11);
        int[] base = TestLoads.counts(random, 3 * 16);
        int[][] steps = new int[40][];
        Arrays.setAll(steps, s -> Arrays.stream(base).map(count -> 10 * count + random.nextInt(20)).toArray());
        return TestLoads.trace(new int[]{1, 2, 4}, steps);
    }

    private static Comparison.Setting setting(Optional<TokenTrace> tokens, Optional<Plan> current, OptionalLong bytes) {
        return new Comparison.Setting(SPLIT, gpus -> JudgedSteps.recorded(SPLIT), tokens, MODEL, "sha256:ab", 1, 1,
                Optional.empty(), Dispatch.named("even"), current, bytes, Verdicts.DEAD_ZONE);
    }

    private static Slots redundant(int replicas) {
        return new Slots.Redundant(replicas, Optional.empty());
    }

    private static Comparison comparison(Comparison.Setting setting) {
        return new Comparison(setting, Comparison.Listener.NONE);
    }

    private static Comparison plain() {
        return comparison(setting(Optional.empty(), Optional.empty(), OptionalLong.empty()));
    }

    private static List<Planner> planners() {
        return Planners.all().stream().map(planner -> planner.within(Duration.ofMillis(50))).toList();
    }

    private static Judged judged(ComparisonRow row) {
        assertThat(row).isInstanceOf(Judged.class);
        return (Judged) row;
    }

    private static Plan plan(int gpus, int redundant) {
        return Planning.plan(PlanProblem.withRedundant(16, 1, 1, gpus, redundant), SPLIT.plan(), DEEPSEEK, MODEL,
                "sha256:ab");
    }

    @Test
    void hasOneRowForEveryCombination() {
        List<ComparisonRow> rows = plain().rows(planners(), List.of(4, 8),
                Stream.of(0, 3, 8).map(ComparisonTest::redundant).toList());
        assertThat(rows).hasSize(2 * 3 * Planners.all().size());
        List<ComparisonRow> refused = rows.stream().filter(Impossible.class::isInstance).toList();
        assertThat(refused).hasSize(2 * Planners.all().size())
                .allMatch(row -> row.candidate().slots().equals(redundant(3)))
                .allMatch(row -> ((Impossible) row).reason().contains("use --redundant"));
    }

    @Test
    void judgesAsASimulationDoes() {
        Judged row = judged(plain().row(DEEPSEEK, 4, redundant(4)));
        var alone = Simulation.run(SPLIT.judged(), plan(4, 4), Dispatch.named("even"), SPLIT.holdout());
        assertThat(row.balancedness()).isCloseTo(alone.after().overall().vllm(), within(1e-12));
        assertThat(row.maxOverMean()).isCloseTo(alone.after().overall().weighted(), within(1e-12));
        assertThat(row.p99()).isCloseTo(alone.after().overall().p99(), within(1e-12));
        // The same layout before as without redundancy, so that rows compare.
        var without = Simulation.run(SPLIT.judged(), plan(4, 0), Dispatch.named("even"), SPLIT.holdout());
        assertThat(row.simulation().before().overall()).isEqualTo(without.before().overall());
        assertThat(row.simulation().interval()).isPresent();
        assertThat(row.verdict().word()).isEqualTo(Verdict.Word.APPLY);
        assertThat(row.binding().values().stream().mapToInt(layers -> layers).sum()).isEqualTo(3);
        assertThat(row.traffic()).isEmpty();
        assertThat(row.memoryPerGpu()).isEmpty();
    }

    /** Planners that can plan for the rule do; all are judged with it, with the dead zone that was measured. */
    @Test
    void plansAndJudgesUnderTheRule() {
        Dispatch rule = Dispatch.named("modulo");
        Comparison comparison = comparison(new Comparison.Setting(SPLIT, gpus -> JudgedSteps.recorded(SPLIT),
                Optional.empty(), MODEL, "sha256:ab", 1, 1, Optional.empty(), rule, Optional.empty(),
                OptionalLong.empty(), 9));
        Planner search = new SearchPlanner().within(Duration.ofMillis(50));
        Judged row = judged(comparison.row(search, 4, redundant(8)));
        assertThat(row.plan().dispatch()).isEqualTo("modulo");
        var alone = Simulation.run(SPLIT.judged(), row.plan(), rule, SPLIT.holdout());
        assertThat(row.maxOverMean()).isCloseTo(alone.after().overall().weighted(), within(1e-12));
        assertThat(row.simulation().dispatch()).isEqualTo("modulo");
        assertThat(row.verdict().gain()).isZero();
        assertThat(row.sameSlots()).isZero();
        assertThat(row.verdict().reason()).contains("up to 9.0");
        Judged other = judged(comparison.row(DEEPSEEK, 4, redundant(8)));
        assertThat(other.plan().dispatch()).isEqualTo("even");
        assertThat(other.simulation().dispatch()).isEqualTo("modulo");
    }

    @Test
    void theDefaultLayoutGainsAndMovesNothing() {
        Judged row = judged(plain().row(CONTIGUOUS, 4, redundant(0)));
        assertThat(row.verdict().gain()).isZero();
        assertThat(row.verdict().word()).isEqualTo(Verdict.Word.LEAVE);
        assertThat(row.verdict().reason()).contains("that is the same");
        assertThat(row.moves()).isEqualTo(new Moves(0, 0, OptionalLong.empty()));
        assertThat(judged(plain().row(CONTIGUOUS, 4, redundant(4))).moves().moves()).isPositive();
    }

    @Test
    void memoryIsThatOfTheExtraReplicas() {
        Comparison comparison = comparison(setting(Optional.empty(), Optional.empty(), OptionalLong.of(1000)));
        assertThat(judged(comparison.row(DEEPSEEK, 4, redundant(0))).memoryPerGpu()).hasValue(0);
        // 8 more slots on 4 GPUs: 2 experts on each in each of 3 layers.
        Judged row = judged(comparison.row(DEEPSEEK, 4, redundant(8)));
        assertThat(row.memoryPerGpu()).hasValue(2 * 3 * 1000);
        assertThat(row.moves().bytes()).hasValue(row.moves().moves() * 1000);
        assertThat(row.moves().share()).isCloseTo(row.moves().moves() / (3 * 24.0), within(1e-12));
    }

    @Test
    void isHeldAgainstTheCurrentPlanWhereThatFits() {
        Comparison comparison = comparison(setting(Optional.empty(), Optional.of(plan(4, 4)),
                OptionalLong.empty()));
        Judged same = judged(comparison.row(DEEPSEEK, 4, redundant(4)));
        assertThat(same.moves()).isEqualTo(new Moves(0, 0, OptionalLong.empty()));
        assertThat(same.verdict().gain()).isZero();
        assertThat(same.verdict().reason()).contains("the layout loaded now");
        Judged more = judged(comparison.row(DEEPSEEK, 4, redundant(8)));
        assertThat(more.baseline().layout()).isEqualTo(Comparison.CURRENT);
        assertThat(more.moves().moves()).isPositive();
        assertThat(judged(comparison.row(DEEPSEEK, 8, redundant(8))).baseline().layout()).isEqualTo("contiguous");
    }

    @Test
    void refusesACurrentPlanOfAnotherModel() {
        Comparison.Setting other = setting(Optional.empty(), Optional.of(TestLoads.plan()), OptionalLong.empty());
        assertThatThrownBy(() -> comparison(other))
                .hasMessage("the current plan is for 8 experts per layer, the recording has 16");
    }

    @Test
    void measuresTrafficWhereTokensAreKnown() {
        short[] experts = new short[2 * 3 * 2];
        for (int i = 0; i < experts.length; i++) {
            experts[i] = (short) (i % 2 == 0 ? 0 : 15);
        }
        TokenTrace tokens = new TokenTrace(new int[]{1, 2, 4}, 16, 2,
                List.of(new TokenTrace.Request(2, 0, experts)));
        Comparison comparison = comparison(setting(Optional.of(tokens), Optional.empty(), OptionalLong.empty()));
        var traffic = judged(comparison.row(CONTIGUOUS, 4, redundant(0))).traffic().orElseThrow();
        assertThat(traffic.gpus()).isCloseTo(2, within(1e-12));
        assertThat(traffic.nodes()).isCloseTo(1, within(1e-12));
    }

    @Test
    void findsTheLeastRedundancyForATarget() {
        Comparison comparison = plain();
        for (double wanted : new double[]{0.5, 0.7, 0.8, 0.9}) {
            Target target = comparison.smallest(DEEPSEEK, 4, wanted);
            Judged reached = target.reached().orElseThrow();
            assertThat(reached.balancedness()).isGreaterThanOrEqualTo(wanted);
            int below = reached.redundant() - 4;
            if (below >= 0) {
                assertThat(judged(comparison.row(DEEPSEEK, 4, redundant(below))).balancedness()).isLessThan(wanted);
                assertThat(target.below().orElseThrow().balancedness()).isLessThan(wanted);
            }
            assertThat(target.tried()).isLessThanOrEqualTo(8);
        }
    }

    @Test
    void saysHowFarATargetIsThatNothingReaches() {
        Target never = plain().smallest(DEEPSEEK, 4, 1.5);
        assertThat(never.reached()).isEmpty();
        assertThat(never.below().orElseThrow().balancedness()).isBetween(0.5, 1.0);
    }

    @Test
    void aTargetOnImpossibleGpusSaysWhy() {
        assertThatThrownBy(() -> plain().smallest(DEEPSEEK, 0, 0.9)).hasMessageContaining("GPUs");
    }

    @Test
    void bindingTermsAreThoseOfTheLayers() {
        Judged even = judged(plain().row(CONTIGUOUS, 4, redundant(16 * 3)));
        assertThat(even.binding()).isEqualTo(Map.of(Bound.Term.MEAN, 3));
        assertThat(even.certificate().meanGap()).isCloseTo(0, within(1e-9));
        assertThat(even.balancedness()).isCloseTo(1, within(1e-9));
    }

    private static Comparison with(SpareSlots spare, Comparison.Listener listener) {
        return new Comparison(
                new Comparison.Setting(SPLIT, gpus -> JudgedSteps.recorded(SPLIT), Optional.empty(), MODEL,
                        "sha256:ab", 1, 1, Optional.of(spare), Dispatch.named("even"), Optional.empty(),
                        OptionalLong.empty(), Verdicts.DEAD_ZONE),
                listener);
    }

    @Test
    void spareSlotsAreFilledOrLeftEmpty() {
        Slots filled = new Slots.Redundant(3, Optional.of(SpareSlots.FILL));
        Judged row = judged(with(SpareSlots.FILL, Comparison.Listener.NONE).row(DEEPSEEK, 4, filled));
        assertThat(row.redundant()).isEqualTo(4);
        assertThat(row.candidate().slots()).isEqualTo(filled);
        assertThat(row.plan().topology().slotsPerGpu()).isEqualTo(5);
        Slots empty = new Slots.Redundant(3, Optional.of(SpareSlots.EMPTY));
        Judged less = judged(with(SpareSlots.EMPTY, Comparison.Listener.NONE).row(CONTIGUOUS, 4, empty));
        assertThat(less.redundant()).isEqualTo(3);
        assertThat(less.plan().topology().slotsPerGpu()).isEqualTo(5);
        assertThat(less.sameSlots()).isZero();
    }

    @Test
    void experts16On5GpusTakeSpareSlots() {
        Comparison comparison = with(SpareSlots.EMPTY, Comparison.Listener.NONE);
        Judged row = judged(comparison.row(CONTIGUOUS, 5, new Slots.Redundant(0, Optional.of(SpareSlots.EMPTY))));
        assertThat(row.baseline()).isEqualTo(new Baseline("contiguous", 4, 0));
        assertThat(row.verdict().gain()).isZero();
        assertThat(comparison.smallest(CONTIGUOUS, 5, 0.2).reached().orElseThrow().redundant()).isZero();
        Judged rounded = judged(with(SpareSlots.FILL, Comparison.Listener.NONE).row(DEEPSEEK, 5,
                new Slots.Redundant(0, Optional.of(SpareSlots.FILL))));
        assertThat(rounded.redundant()).isEqualTo(4);
        assertThat(rounded.baseline()).isEqualTo(new Baseline("contiguous", 4, 4));
    }

    @Test
    void slotsMayBeCountedPerGpu() {
        Judged row = judged(plain().row(DEEPSEEK, 4, new Slots.PerGpu(6)));
        assertThat(row.redundant()).isEqualTo(8);
        assertThat(row.maxOverMean()).isEqualTo(judged(plain().row(DEEPSEEK, 4, redundant(8))).maxOverMean());
        assertThat(plain().row(DEEPSEEK, 4, new Slots.PerGpu(3))).isEqualTo(
                new Impossible(new Candidate("deepseek", 4, new Slots.PerGpu(3)),
                        "4 GPUs x 3 slots = 12 slots do not hold 16 experts: use --slots-per-gpu 4 or more"));
    }

    @Test
    void theGainInTheSameSlotsIsThatOfASimulation() {
        Judged row = judged(plain().row(DEEPSEEK, 4, redundant(8)));
        var alone = Simulation.run(SPLIT.judged(), plan(4, 8), Dispatch.named("even"), SPLIT.holdout());
        assertThat(row.sameSlots()).isCloseTo(Verdicts.of(alone).gain(), within(1e-12));
        assertThat(row.baseline()).isEqualTo(new Baseline("contiguous", 4, 0));
        assertThat(row.sameSlots()).isNotEqualTo(row.verdict().gain());
    }

    @Test
    void everyNumberOfGpusIsJudgedOnItsOwnSteps() {
        LoadTrace whole = SPLIT.judged();
        Comparison comparison = comparison(new Comparison.Setting(SPLIT, gpus -> {
            LoadTrace steps = whole.slice(0, gpus);
            return new JudgedSteps(steps, SourceCounts.unknown(), SPLIT.holdout(), gpus + " ranks");
        }, Optional.empty(), MODEL, "sha256:ab", 1, 1, Optional.empty(), Dispatch.named("even"), Optional.empty(),
                OptionalLong.empty(), Verdicts.DEAD_ZONE));
        for (int gpus : new int[]{4, 8}) {
            Judged row = judged(comparison.row(DEEPSEEK, gpus, redundant(0)));
            assertThat(row.origin()).isEqualTo(gpus + " ranks");
            var alone = Simulation.run(whole.slice(0, gpus), plan(gpus, 0), Dispatch.named("even"), SPLIT.holdout());
            assertThat(row.maxOverMean()).isCloseTo(alone.after().overall().weighted(), within(1e-12));
        }
    }

    @Test
    void aListenerHearsEveryRow() {
        List<String> heard = new ArrayList<>();
        Comparison comparison = with(SpareSlots.FILL, new Comparison.Listener() {
            @Override
            public void started(Candidate candidate) {
                heard.add(candidate.toString());
            }

            @Override
            public void finished(ComparisonRow row) {
                heard.add(row.getClass().getSimpleName());
            }
        });
        comparison.rows(List.of(DEEPSEEK), List.of(4), List.of(redundant(0), redundant(3), new Slots.PerGpu(6)));
        assertThat(heard).containsExactly("deepseek, 4 GPUs, 0 redundant", "Judged", "deepseek, 4 GPUs, 3 redundant",
                "Impossible", "deepseek, 4 GPUs, 6 slots per GPU", "Judged");
    }
}
