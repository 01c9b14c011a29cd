package io.moeplan.report;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.moeplan.eplb.compare.Baseline;
import io.moeplan.eplb.compare.Candidate;
import io.moeplan.eplb.compare.ComparisonRow.Impossible;
import io.moeplan.eplb.compare.ComparisonRow.Judged;
import io.moeplan.eplb.compare.Moves;
import io.moeplan.eplb.compare.Slots;
import io.moeplan.eplb.compare.Target;
import io.moeplan.eplb.judge.GainInterval;
import io.moeplan.eplb.judge.Interval;
import io.moeplan.eplb.judge.SimulationResult;
import io.moeplan.eplb.traffic.TrafficFigures;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class ComparisonReportTest {
    private static final Judged KNOWN = judged(Synthetic.small().plan().orElseThrow(), "deepseek", true);
    private static final Judged HOSTILE = judged(Hostile.model().plan().orElseThrow(), Hostile.TEXT, false);
    private static final ComparisonReport REPORT = new ComparisonReport(KNOWN.simulation().holdout(), "even",
            OptionalLong.of(1L << 20),
            List.of(KNOWN, new Impossible(new Candidate("search", 8, redundant(7)), "use --redundant 0 or 8"), HOSTILE),
            List.of(new Target("deepseek", 8, 0.9, Optional.of(KNOWN), Optional.empty(), 1),
                    new Target("deepseek", 8, 0.99, Optional.empty(), Optional.of(KNOWN), 4)));

    private static Slots redundant(int replicas) {
        return new Slots.Redundant(replicas, Optional.empty());
    }

    private static Judged judged(PlanReport plan, String planner, boolean known) {
        SimulationResult simulation = plan.simulation();
        Optional<GainInterval> interval = known
                ? Optional.of(new GainInterval(0.95, 1000, 19, 4, new Interval(1.4, 1.6), new Interval(1.1, 1.2),
                        new Interval(0.2, 0.3)))
                : Optional.empty();
        Optional<TrafficFigures> traffic = known
                ? Optional.of(new TrafficFigures(5.2, 4.6, 1, 0, OptionalDouble.empty()))
                : Optional.empty();
        OptionalLong bytes = known ? OptionalLong.of(6L << 20) : OptionalLong.empty();
        return new Judged(new Candidate(planner, 8, redundant(8)), plan.plan(), new Baseline("contiguous", 8, 0),
                new SimulationResult(simulation.dispatch(), simulation.holdout(), simulation.before(),
                        simulation.after(), interval),
                plan.verdict(), 0.375, "", traffic, new Moves(200, 0.833, bytes), bytes, Duration.ofMillis(1500));
    }

    @Test
    void textHasBothTablesAndReasons() {
        String text = TextReport.comparison(REPORT);
        assertThat(text.lines()).allMatch(line -> line.length() <= 110);
        assertThat(text).contains("20.0 to 30.0 %", "6.0 MiB", "5.20", "83 %",
                "deepseek, 8 GPUs, 8 redundant, apply: ", "8 GPUs, 7 redundant (search): use --redundant 0 or 8",
                "no redundancy reaches balancedness 0.990");
        assertThat(text).doesNotContain("\u001b", "\u202e", "\r");
    }

    @Test
    void jsonHasARowForEachCandidate() throws JsonProcessingException {
        JsonNode json = new JsonMapper().readTree(JsonReport.comparison(REPORT));
        assertThat(json.path("format").asText()).isEqualTo("moeplan-comparison");
        assertThat(json.path("bytes_per_expert").asLong()).isEqualTo(1 << 20);
        assertThat(json.path("rows")).hasSize(3);
        JsonNode row = json.path("rows").path(0);
        assertThat(row.path("possible").asBoolean()).isTrue();
        assertThat(row.path("vllm_balancedness").asDouble()).isEqualTo(KNOWN.balancedness());
        assertThat(row.path("verdict").path("interval").path("gain").path("low").asDouble()).isEqualTo(0.2);
        assertThat(row.path("traffic").path("gpus_per_token").asDouble()).isEqualTo(5.2);
        assertThat(row.path("memory_per_gpu").asLong()).isEqualTo(6 << 20);
        JsonNode impossible = json.path("rows").path(1);
        assertThat(impossible.path("possible").asBoolean()).isFalse();
        assertThat(impossible.path("reason").asText()).contains("--redundant");
        JsonNode unknown = json.path("rows").path(2);
        assertThat(unknown.path("planner").asText()).isEqualTo(Hostile.TEXT);
        assertThat(unknown.path("memory_per_gpu").isNull()).isTrue();
        assertThat(unknown.path("traffic").isNull()).isTrue();
        assertThat(unknown.path("verdict").path("interval").isNull()).isTrue();
        assertThat(json.path("targets").path(0).path("reached").path("redundant").asInt()).isEqualTo(8);
        assertThat(json.path("targets").path(1).path("reached").isNull()).isTrue();
    }

    @Test
    void csvRowsAreAllOfOneWidth() {
        ComparisonReport plain = new ComparisonReport(REPORT.holdout(), "even", OptionalLong.empty(),
                REPORT.rows().subList(0, 2), List.of());
        List<String> lines = CsvReport.comparison(plain).lines().toList();
        assertThat(lines).hasSize(3);
        // The reason of the verdict has a comma of its own, and quotes.
        int width = lines.getFirst().split(",", -1).length;
        assertThat(lines.get(1).split(",", -1)).hasSize(width + 1);
        assertThat(lines.get(2).split(",", -1)).hasSize(width);
        assertThat(lines.get(1)).startsWith("deepseek,8,8,").contains(",apply,\"The fullest");
        assertThat(lines.get(2)).endsWith(",impossible,use --redundant 0 or 8");
        assertThat(CsvReport.comparison(REPORT)).contains("\"" + Hostile.TEXT.replace("\"", "\"\"") + "\",8,8,");
    }

    @Test
    void saysWhatAGainIsAgainst() {
        String text = TextReport.comparison(REPORT).replaceAll("\\s+", " ");
        assertThat(text).contains(
                "Before: the engine's default (contiguous) with as little redundancy as the GPUs allow,"
                        + " 0 redundant on 8 GPUs.",
                "same slots: the gain against the engine's default layout in as many slots",
                "38 %");
        assertThat(JsonReport.comparison(REPORT)).contains("\"gain_same_slots\" : 0.375", "\"baseline\" : {");
        assertThat(CsvReport.comparison(REPORT).lines().findFirst().orElseThrow()).contains("gain_same_slots");
    }

    @Test
    void replaysAreOthersForEachNumberOfGpus() {
        Judged replayed = new Judged(KNOWN.candidate(), KNOWN.plan(), KNOWN.baseline(), KNOWN.simulation(),
                KNOWN.verdict(), 0, "Replay: 8 ranks", KNOWN.traffic(), KNOWN.moves(), KNOWN.memoryPerGpu(),
                KNOWN.planning());
        ComparisonReport report = new ComparisonReport(KNOWN.simulation().holdout(), "even", OptionalLong.empty(),
                List.of(replayed), List.of());
        assertThat(TextReport.comparison(report)).contains("8 GPUs: Replay: 8 ranks; ");
        assertThat(JsonReport.comparison(report)).contains("\"replay\" : \"Replay: 8 ranks\"");
    }

    @Test
    void filledSpareSlotsAreTold() {
        Judged filled = new Judged(new Candidate("deepseek", 8, redundant(KNOWN.redundant() - 3)), KNOWN.plan(),
                KNOWN.baseline(), KNOWN.simulation(), KNOWN.verdict(), 0, "", KNOWN.traffic(), KNOWN.moves(),
                KNOWN.memoryPerGpu(), KNOWN.planning());
        ComparisonReport report = new ComparisonReport(KNOWN.simulation().holdout(), "even", OptionalLong.empty(),
                List.of(filled), List.of());
        assertThat(TextReport.comparison(report)).contains("  " + (KNOWN.redundant() - 3) + "+3  ", "--spare fill");
    }
}
