package io.moeplan.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.moeplan.eplb.Plan;
import io.moeplan.eplb.Requirements;
import io.moeplan.eplb.Topology;
import io.moeplan.eplb.judge.Holdout;
import io.moeplan.eplb.judge.LayoutBalance;
import io.moeplan.eplb.judge.SimulationResult;
import io.moeplan.eplb.judge.Verdict;
import io.moeplan.statistics.Drift;
import java.util.List;
import org.junit.jupiter.api.Test;

class TextReportTest {
    private static final ReportModel SMALL = Synthetic.small();

    @Test
    void everySectionIsThere() {
        assertThat(TextReport.full(SMALL)).contains("Verdict: Load this plan.", "Model       Qwen-tiny-moe (qwen3_moe)",
                "Skew: ", "Tags: ", "Drift: ", "Plan: deepseek", "Certificate: ", "Simulation: deepseek",
                "planned on steps 0-18, judged on the 19 steps after them (unseen", "SGLang balancedness",
                "vLLM balancedness", "TensorRT-LLM imbalance ratio", "vllm-ascend PAR", "median step",
                "99th percentile step");
    }

    @Test
    void noLineIsWiderThanTheTerminal() {
        ReportModel large = Synthetic.large();
        assertNarrow(TextReport.full(large));
        assertNarrow(TextReport.simulation(large.plan().orElseThrow()));
        assertNarrow(TextReport.plan(large.plan().orElseThrow().plan()));
        assertNarrow(TextReport.full(Hostile.model()));
    }

    private static void assertNarrow(String text) {
        assertThat(text).endsWith("\n");
        assertThat(text.lines()).allMatch(line -> line.length() <= 100).noneMatch(line -> line.endsWith(" "));
    }

    @Test
    void everyLayerHasItsRow() {
        String analysis = TextReport.analysis(Synthetic.large().analysis());
        assertThat(analysis.lines().filter(line -> line.matches(" +\\d+ +[\\d,]+ +\\d.*%.*"))).hasSize(94);
    }

    @Test
    void numbersOfALayerAreThoseOfTheAnalysis() {
        var layer = SMALL.analysis().layers().get(2);
        String row = TextReport.analysis(SMALL.analysis()).lines().filter(line -> line.startsWith("    3 ")).findFirst()
                .orElseThrow();
        assertThat(row).contains(Numbers.integer(layer.routed()), Numbers.figure(layer.cv()),
                Numbers.figure(layer.maxOverMean()), " " + layer.hottest()[0] + " " + layer.hottest()[1] + " ");
    }

    @Test
    void foreignTextCannotSteerTheTerminal() {
        assertThat(TextReport.full(Hostile.model())).doesNotContain("\u001b", "\u202e", "\r")
                .contains("?[31m");
    }

    @Test
    void equalModelsGiveEqualText() {
        assertThat(TextReport.full(Synthetic.small())).isEqualTo(TextReport.full(SMALL));
    }

    @Test
    void verdictsAndHoldoutsInWords() {
        assertThat(TextReport.verdict(new Verdict(Verdict.Word.LEAVE, -0.02, "It is slower."))).isEqualTo("""
                Verdict: Leave the default layout: this plan is not worth loading.
                  Predicted gain: -2.0 % of the time spent in MoE layers. It is slower.
                """);
        assertThat(Words.holdout(new Holdout(0, 38, 38, 100, 100)))
                .isEqualTo("planned and judged on the same 38 steps (100 tokens): nothing was held out, so the gain is"
                        + " the most this plan can show");
        assertThat(Words.holdout(new Holdout(0.5, 1, 1, 10, 10)))
                .isEqualTo("planned on step 0, judged on the 1 step after it (unseen, 10 tokens)");
        assertThat(Words.tooFew(new Drift.TooFewSteps(2))).contains("at least 3 steps", "has 2");
    }

    @Test
    void aSimulationOfAnotherPlanIsRefused() {
        PlanReport report = SMALL.plan().orElseThrow();
        LayoutBalance shorter = new LayoutBalance("x", report.simulation().before().overall(), List.of(),
                new double[0][]);
        SimulationResult other = new SimulationResult("even", report.simulation().holdout(), shorter, shorter);
        assertThatThrownBy(() -> new PlanReport(report.plan(), other, report.verdict()))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("6 layers");
    }

    @Test
    void numbersAreShort() {
        assertThat(Numbers.figure(1.23456)).isEqualTo("1.235");
        assertThat(Numbers.figure(12.3456)).isEqualTo("12.35");
        assertThat(Numbers.figure(1234.5)).isEqualTo("1,235");
        assertThat(Numbers.percent(0.314)).isEqualTo("31 %");
        assertThat(Numbers.percent(0.0314)).isEqualTo("3.1 %");
        assertThat(Numbers.percent(-0.00001)).isEqualTo("0.0 %");
        assertThat(Numbers.seconds(3725)).isEqualTo("1 h 2 min");
    }

    @Test
    void slotsThatHoldNothingAreNotRedundant() {
        Topology topology = new Topology(1, 8, 5);
        Requirements usual = Requirements.usual(topology, 1);
        assertThat(words(topology, usual))
                .isEqualTo("1 node, 8 GPUs, 5 slots each: 40 slots for 32 experts (8 redundant)");
        assertThat(words(topology, usual.withAbsent(List.of(1))))
                .isEqualTo("1 node, 8 GPUs (absent: 1), 5 slots each: 35 of 40 slots for 32 experts (3 redundant)");
        assertThat(words(new Topology(1, 5, 7), usual.withEmpty(3)))
                .isEqualTo("1 node, 5 GPUs, 7 slots each: 32 of 35 slots for 32 experts (0 redundant)");
    }

    private static String words(Topology topology, Requirements requirements) {
        Plan small = SMALL.plan().orElseThrow().plan();
        return Words.topology(
                new Plan(small.model(), small.recording(), topology, "search", "mean", List.of(), requirements));
    }
}
