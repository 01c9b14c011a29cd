package io.moeplan.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.moeplan.eplb.dispatch.Dispatch;
import io.moeplan.eplb.dispatch.Engine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.io.TempDir;

/** What single tokens are good for, on the sample recording: replays and traffic. */
@TestInstance(Lifecycle.PER_CLASS)
class TokensTest {
    private static final Path RECORDING = Path.of("../samples/recording").toAbsolutePath().normalize();
    private static final int TOKENS = 73_810;

    private Path temp;
    private Path plan;

    @BeforeAll
    void planOnHalf(@TempDir Path folder) {
        temp = folder;
        plan = plan("plan.json", 0.5);
    }

    private Path plan(String name, double holdout) {
        Path file = temp.resolve(name);
        assertThat(Run.moeplan("plan", RECORDING, "--nodes", 2, "--gpus", 8, "--redundant", 8, "--holdout", holdout,
                "--algorithm", "deepseek", "--out", file).exit()).isZero();
        return file;
    }

    private static Run simulate(Path plan, Object... more) {
        Object[] args = {"simulate", RECORDING, "--plan", plan};
        Object[] all = Arrays.copyOf(args, args.length + more.length);
        System.arraycopy(more, 0, all, args.length, more.length);
        return Run.moeplan(all);
    }

    private static Run good(Run run) {
        assertThat(run.err()).isEmpty();
        assertThat(run.exit()).isZero();
        return run;
    }

    /** What it says, however the lines are broken. */
    private static String words(Run run) {
        return good(run).out().replaceAll("\\s+", " ");
    }

    /** A number in JSON. */
    private static double number(Run run, String key) {
        Matcher matcher = Pattern.compile('"' + key + "\" : ([-.0-9E]+)").matcher(run.out());
        assertThat(matcher.find()).as(key).isTrue();
        return Double.parseDouble(matcher.group(1));
    }

    @Test
    void replayJudgesOnRequestsThatWereNotPlannedOn() {
        assertThat(words(simulate(plan, "--replay"))).startsWith("Replay: 8 ranks, up to 16 requests and 4,096"
                + " prompt tokens a step on each, mixed; all tokens played Simulation")
                .contains("requests not planned on (unseen", "replayed from requests held out");
        Run json = good(simulate(plan, "--replay", "--format", "json"));
        assertThat(json.out()).startsWith("{").contains("\"unseen\" : true", "\"replayed\" : true");
        // The request that the cut goes through is on neither side.
        assertThat(number(json, "plan_tokens") + number(json, "judged_tokens")).isBetween(TOKENS - 2000.0,
                TOKENS - 1.0);
    }

    @Test
    void replayOfAllSaysThatItOverlaps() {
        Run all = good(simulate(plan, "--replay", "--holdout", 0));
        assertThat(words(all)).contains("all requests (73,810 tokens), those planned on included", "nothing was held");
        Run planOfAll = good(simulate(plan("whole.json", 0), "--replay"));
        assertThat(words(planOfAll)).contains("those planned on included");
    }

    @Test
    void phasesAndBatchesAreThoseAskedFor() {
        Run prefill = good(simulate(plan, "--replay", "--phase", "prefill", "--holdout", 0, "--format", "json"));
        Run decode = good(simulate(plan, "--replay", "--phase", "decode", "--holdout", 0, "--format", "json"));
        assertThat(number(prefill, "judged_tokens") + number(decode, "judged_tokens")).isEqualTo(TOKENS);
        Run few = good(simulate(plan, "--replay", "--phase", "decode", "--requests-per-gpu", 2, "--holdout", 0,
                "--format", "json"));
        assertThat(number(few, "judged_steps")).isGreaterThan(number(decode, "judged_steps"));
        assertThat(words(simulate(plan, "--replay", "--max-steps", 3))).contains("tokens left when --max-steps");
        Run steady = good(simulate(plan, "--replay", "--steady", "--passes", 3));
        assertThat(words(steady)).contains("tokens left when a rank had room");
        assertThat(simulate(plan, "--replay", "--steady", "--requests-per-gpu", 500).errorLines()).singleElement()
                .asString().contains("use more --passes, or fewer requests per GPU");
        assertThat(good(simulate(plan, "--replay", "--prefill-chunk", 64, "--format", "json")).out())
                .contains("\"replayed\" : true");
    }

    @Test
    void sourcesCountWhereTheRuleGoesByThem() {
        Run even = good(simulate(plan, "--replay", "--format", "json"));
        Run own = good(simulate(plan, "--replay", "--engine", "sglang", "--format", "json"));
        assertThat(own.out()).contains("\"dispatch\" : \"static\"");
        assertThat(figures(own)).isNotEqualTo(figures(even));
        assertThat(figures(own)).isEqualTo(
                figures(good(simulate(plan, "--replay", "--dispatch", "static", "--ep", 8, "--format", "json"))));
        good(simulate(plan, "--replay", "--ep", 4));
        Run other = simulate(plan, "--replay", "--ep", 4, "--engine", "vllm-ascend");
        assertThat(other.exit()).isEqualTo(1);
        assertThat(other.errorLines()).containsExactly("moeplan: --ep 4: the dispatch rule \"modulo\" goes by the rank"
                + " that a token comes from, and the plan is for 8 GPUs: leave --ep out, or use another rule");
    }

    private static String figures(Run run) {
        return run.out().substring(run.out().indexOf("\"before\""));
    }

    @Test
    void absentGpusTakeNoRequests() throws IOException {
        // GPU 3 of 4 is absent; 32 experts on the slots of the others.
        String map = "[" + IntStream.range(0, 44)
                .mapToObj(slot -> String.valueOf(slot < 33 ? slot % 32 : -1)).collect(Collectors.joining(",")) + "]";
        String layers = IntStream.range(0, 6).mapToObj(layer -> "{\"layer\":" + layer
                + ",\"physical_to_logical\":" + map
                + ",\"balancedness\":1,\"max_over_mean\":1,\"lower_bound\":1,\"gap\":0}")
                .collect(Collectors.joining(","));
        Path absent = Files.writeString(temp.resolve("absent.json"), """
                {"format":"moeplan-plan","version":1,"model":{"name":"m","type":"t","experts":32,"top_k":4,"groups":1},
                "recording":{"digest":"sha256:0","steps":1,"tokens":1},
                "topology":{"nodes":1,"gpus_per_node":4,"slots_per_gpu":11},
                "requirements":{"empty_slots":0,"absent_gpus":[3],"groups":"free","distinct_replicas":false,
                "lost_gpus":0,"lost_nodes":0},
                "algorithm":"hand","objective":{"name":"none"},"layers":[%s],"summary":{}}""".formatted(layers));
        assertThat(good(simulate(absent, "--replay", "--engine", "sglang")).out()).startsWith("Replay: 3 ranks");
        Run refused = simulate(absent, "--replay", "--engine", "sglang", "--ep", 4);
        assertThat(refused.err()).contains("the plan is for 3 GPUs");
        good(Run.moeplan("traffic", RECORDING, "--plan", absent, "--engine", "sglang"));
    }

    @Test
    void countsAloneCannotBeReplayed() {
        Path counts = temp.resolve("counts");
        assertThat(Run.moeplan("record", "--model", Run.MODEL, "--device", "cpu", "--workload", Run.WORKLOAD, "--limit",
                4, "--mode",
                "per-pass", "--out", counts).exit()).isZero();
        for (Run run : List.of(Run.moeplan("simulate", counts, "--plan", plan, "--replay"),
                Run.moeplan("traffic", counts, "--plan", plan))) {
            assertThat(run.exit()).isEqualTo(1);
            assertThat(run.errorLines()).containsExactly("moeplan: " + counts + ": is a per-pass recording and does not"
                    + " have the experts of every token: record with --mode per-token");
        }
    }

    @Test
    void wrongUsage() {
        for (Run run : List.of(simulate(plan, "--ep", 4), simulate(plan, "--replay", "--phase", "sleep"),
                simulate(plan, "--dispatch", "odd"), simulate(plan, "--engine", "llm"),
                simulate(plan, "--dispatch", "even", "--engine", "vllm"), Run.moeplan("traffic", RECORDING))) {
            assertThat(run.exit()).isEqualTo(2);
            assertThat(run.errorLines()).singleElement().asString().startsWith("moeplan: ").contains("--help");
        }
        Run none = simulate(plan, "--replay", "--requests-per-gpu", 0);
        assertThat(none.exit()).isEqualTo(2);
        assertThat(none.errorLines()).singleElement().asString().contains("'--requests-per-gpu': use 1 or more, not 0");
    }

    @Test
    void helpListsRulesAndEngines() {
        for (String command : List.of("simulate", "traffic")) {
            String help = Run.moeplan(command, "--help").out();
            assertThat(Dispatch.all()).allMatch(rule -> help.contains(rule.name()));
            assertThat(Engine.values()).allMatch(engine -> help.contains(engine.label()));
        }
    }

    @Test
    void trafficSpeaksTextJsonAndCsv() throws IOException {
        Run text = good(Run.moeplan("traffic", RECORDING, "--plan", plan));
        assertThat(text.out()).contains("Traffic: deepseek against contiguous, dispatch even", "not planned on",
                "distinct GPUs", "distinct nodes").doesNotContain("cost");
        String row = String.join(",", Collections.nCopies(8, "2"));
        Path costs = Files.writeString(temp.resolve("costs.csv"), String.join("\n", Collections.nCopies(8, row)));
        Run json = good(Run.moeplan("traffic", RECORDING, "--plan", plan, plan, "--engine", "vllm", "--rank-costs",
                costs, "--holdout", 0, "--format", "json"));
        assertThat(json.out()).contains("\"unseen\" : false", "\"dispatch\" : \"random\"");
        assertThat(number(json, "tokens")).isEqualTo(TOKENS);
        // Every GPU costs 2, its own included.
        assertThat(number(json, "cost")).isCloseTo(2 * number(json, "gpus"), within(1e-9));
        assertThat(number(json, "gpus")).isBetween(1.0, 4.0);
        Run csv = good(Run.moeplan("traffic", RECORDING, "--plan", plan, "--format", "csv"));
        assertThat(csv.out().lines()).hasSize(1 + 2 * 6).first().asString().startsWith("plan,dispatch,layout,layer,");
    }

    @Test
    void reportsMayBeJudgedUnderAReplay() throws IOException {
        Path page = temp.resolve("replayed.html");
        Run run = good(Run.moeplan("report", RECORDING, "--plan", plan, "--replay", "--phase", "decode",
                "--requests-per-gpu", 8, "--out", page));
        String says = "Replay: 8 ranks, up to 8 requests and 4,096 prompt tokens a step on each, decode";
        assertThat(words(run)).contains(says, "replayed from requests held out");
        assertThat(Files.readString(page)).contains(says);
        Run planless = Run.moeplan("report", RECORDING, "--replay", "--out", temp.resolve("none.html"));
        assertThat(planless.exit()).isEqualTo(2);
        assertThat(planless.errorLines()).singleElement().asString().contains("--replay is what a plan is judged on");
    }

    @Test
    void profilesMayBeJudgedUnderAReplay() {
        Run run = Run.moeplan("profile", "--model", Run.MODEL, "--device", "cpu", "--workload", Run.WORKLOAD, "--limit",
                16,
                "--pass-tokens", 256, "--gpus", 4, "--algorithm", "deepseek", "--replay", "--requests-per-gpu", 2,
                "--out", temp.resolve("profile"));
        assertThat(words(run)).contains("Replay: 4 ranks, up to 2 requests");
        Run counts = Run.moeplan("profile", "--model", Run.MODEL, "--device", "cpu", "--workload", Run.WORKLOAD,
                "--mode", "stat",
                "--gpus",
                4, "--replay", "--out", temp.resolve("never"));
        assertThat(counts.exit()).isEqualTo(2);
        assertThat(counts.errorLines()).singleElement().asString().contains("use --mode per-token");
        assertThat(temp.resolve("never")).doesNotExist();
    }

    @Test
    void costsOfOtherGpusAreRefused() throws IOException {
        Path costs = Files.writeString(temp.resolve("small.json"), "[[0,1],[1,0]]");
        Run run = Run.moeplan("traffic", RECORDING, "--plan", plan, "--rank-costs", costs);
        assertThat(run.exit()).isEqualTo(1);
        assertThat(run.errorLines()).containsExactly("moeplan: the costs are for 2 ranks, the plan for 8 GPUs");
    }
}
