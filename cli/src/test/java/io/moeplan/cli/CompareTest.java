package io.moeplan.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.moeplan.eplb.planner.Planners;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Comparisons on the sample recording: 6 layers of 32 experts. */
class CompareTest {
    private static final Path RECORDING = Run.MODEL.resolveSibling("recording");

    private static Run compare(Object... args) {
        Object[] all = new Object[args.length + 6];
        System.arraycopy(args, 0, all, 6, args.length);
        System.arraycopy(new Object[]{"compare", RECORDING, "--pass-tokens", 1024, "--time-budget", 0.2}, 0, all, 0, 6);
        return Run.moeplan(all);
    }

    /** Where lines break does not matter. */
    private static String unwrapped(Run run) {
        return run.out().replaceAll("\\s+", " ");
    }

    @Test
    void printsEveryPlannerRedundancyAndSize() {
        Run run = compare("--nodes", 2, "--gpus", "4,8", "--sweep", "redundant=0,3,8", "--model", Run.MODEL);
        assertThat(run.err()).isEmpty();
        assertThat(run.exit()).isZero();
        for (String planner : Planners.names()) {
            assertThat(run.out()).containsPattern("(?m)^" + planner + " +4 +0 ")
                    .containsPattern("(?m)^" + planner + " +8 +8 ");
        }
        assertThat(unwrapped(run)).contains("gain", "95 % interval", "Why", "Impossible", "4 GPUs, 3 redundant (",
                "use --redundant", "held out",
                "an expert has 72.0 KiB in each layer");
        assertThat(run.out().lines()).allMatch(line -> line.length() <= 110);
    }

    @Test
    void memoryIsUnknownWithoutAModel() {
        Run run = compare("--gpus", 4, "--no-traffic", "--algorithms", "deepseek");
        assertThat(run.exit()).isZero();
        assertThat(unwrapped(run)).contains("unknown without --model or --expert-bytes", "not measured");
        Run known = compare("--gpus", 4, "--no-traffic", "--algorithms", "deepseek", "--sweep", "redundant=8",
                "--expert-bytes", "1M");
        assertThat(unwrapped(known)).contains("12.0 MiB", "an expert has 1.0 MiB");
    }

    @Test
    void findsTheRedundancyForATarget() {
        Run run = compare("--gpus", "4,8", "--algorithms", "deepseek", "--target", 0.9, "--no-traffic");
        assertThat(run.err()).isEmpty();
        assertThat(run.exit()).isZero();
        assertThat(unwrapped(run)).contains("Target").containsPattern("deepseek, 4 GPUs: --redundant \\d+ reaches");
    }

    @Test
    void speaksJsonAndCsv() {
        Run json = compare("--gpus", 4, "--sweep", "redundant=0,5", "--algorithms", "deepseek,contiguous", "--format",
                "json", "--target", 0.5);
        assertThat(json.exit()).isZero();
        assertThat(json.out()).contains("\"format\" : \"moeplan-comparison\"", "\"gpus_per_token\"", "\"targets\"",
                "\"possible\" : false", "\"interval\"");
        Run csv = compare("--gpus", 4, "--sweep", "redundant=0,4", "--algorithms", "deepseek,contiguous", "--format",
                "csv", "--no-traffic");
        List<String> lines = csv.out().lines().toList();
        assertThat(lines).hasSize(5);
        assertThat(lines.getFirst()).startsWith("planner,gpus,redundant,vllm_balancedness,");
        assertThat(lines.get(3)).startsWith("deepseek,4,4,");
    }

    @Test
    void countsFromTheCurrentPlan(@TempDir Path temp) {
        Path plan = temp.resolve("plan.json");
        assertThat(Run.moeplan("plan", RECORDING, "--pass-tokens", 1024, "--gpus", 4, "--redundant", 4, "--algorithm",
                "deepseek", "--out", plan).exit()).isZero();
        Run run = compare("--gpus", 4, "--sweep", "redundant=4", "--algorithms", "deepseek", "--current", plan);
        assertThat(run.err()).isEmpty();
        assertThat(run.out()).containsPattern("(?m)^deepseek +4 +4 +9 +0 +0.0 % ");
        assertThat(unwrapped(run)).contains("the layout loaded now", "the plan loaded now");
    }

    @Test
    void takesAnyRedundancyWithSpareSlots() {
        Run fill = compare("--gpus", "5,4", "--sweep", "redundant=0,3", "--spare", "fill", "--algorithms", "deepseek",
                "--no-traffic");
        assertThat(fill.err()).isEmpty();
        assertThat(fill.out()).containsPattern("(?m)^deepseek +5 +0\\+3 ").containsPattern("(?m)^deepseek +4 +3\\+1 ")
                .doesNotContain("Impossible");
        assertThat(unwrapped(fill)).contains("3 redundant on 5 GPUs", "0 redundant on 4 GPUs", "--spare fill");
        Run empty = compare("--gpus", 5, "--sweep", "redundant=1", "--spare", "empty", "--algorithms",
                "deepseek,search",
                "--no-traffic", "--target", 0.3);
        assertThat(empty.err()).isEmpty();
        assertThat(empty.out()).containsPattern("(?m)^search +5 +1 ");
        assertThat(unwrapped(empty)).contains("0 redundant on 5 GPUs", "--spare empty reaches balancedness");
    }

    @Test
    void sweepsSlotsPerGpu() {
        Run run = compare("--gpus", "4,8", "--sweep", "slots-per-gpu=5,9", "--sweep", "redundant=8", "--algorithms",
                "deepseek", "--no-traffic", "--format", "csv");
        List<String> lines = run.out().lines().toList();
        assertThat(lines).hasSize(7);
        assertThat(lines.get(1)).contains("impossible", "4 GPUs x 5 slots");
        assertThat(lines.get(2)).startsWith("deepseek,4,4,");
        assertThat(lines.get(4)).startsWith("deepseek,8,8,");
        assertThat(lines.get(5)).startsWith("deepseek,8,40,");
    }

    @Test
    void judgesUnderAReplayOfEveryNumberOfGpus() {
        Run run = compare("--nodes", 2, "--gpus", "4,8", "--algorithms", "deepseek", "--replay", "--phase", "prefill",
                "--requests-per-gpu", 4, "--engine", "sglang", "--no-traffic");
        assertThat(run.err()).isEmpty();
        assertThat(unwrapped(run)).contains("4 GPUs: Replay: 4 ranks, up to 4 requests", "8 GPUs: Replay: 8 ranks",
                "replayed from requests not planned on", "dispatch static");
        Run json = compare("--gpus", 8, "--algorithms", "deepseek", "--replay", "--format", "json");
        assertThat(json.out()).contains("\"replayed\" : true", "\"replay\" : \"Replay: 8 ranks");
        refused(compare("--gpus", 4, "--replay", "--steady", "--requests-per-gpu", 500, "--algorithms", "deepseek"), 1,
                "use more --passes");
        refused(compare("--gpus", 4, "--ep", 4), 2, "--replay");
    }

    @Test
    void aReplayTakesTheExpertsOfEveryToken(@TempDir Path temp) {
        Path counts = temp.resolve("counts");
        assertThat(Run.moeplan("record", "--model", Run.MODEL, "--workload", Run.WORKLOAD, "--limit", 4, "--mode",
                "per-pass", "--pass-tokens", 128, "--out", counts).exit()).isZero();
        refused(Run.moeplan("compare", counts, "--gpus", 4, "--replay"), 1, "record with --mode per-token");
    }

    @Test
    void wrongInputIsOneLine() {
        refused(compare("--gpus", 4, "--algorithms", "magic"), 2, "unknown planner \"magic\"");
        refused(compare("--gpus", 4, "--dispatch", "magic"), 2, "unknown dispatch rule");
        refused(compare("--gpus", 4, "--sweep", "slots=3"), 2, "redundant=0,16,32");
        refused(compare("--gpus", 4, "--target", 95), 2, "--target 95.0");
        refused(Run.moeplan("compare", RECORDING, "--gpus", 4, "--time-budget", 0), 2, "--time-budget");
        refused(compare("--gpus", 4, "--model", RECORDING), 1, "model.safetensors");
        refused(compare("--gpus", 4, "--holdout", 1), 1, "--holdout");
        refused(compare("--gpus", 4, "--model", Run.MODEL, "--expert-bytes", 5), 2, "mutually exclusive");
    }

    private static void refused(Run run, int exit, String says) {
        assertThat(run.exit()).isEqualTo(exit);
        assertThat(run.out()).isEmpty();
        assertThat(run.errorLines()).singleElement().asString().startsWith("moeplan: ").contains(says)
                .doesNotContain("internal error");
    }
}
