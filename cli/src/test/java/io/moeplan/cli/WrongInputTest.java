package io.moeplan.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Wrong input gets one line that says what and where, the right exit code, and leaves nothing behind. */
class WrongInputTest {
    @TempDir
    private Path temp;

    private Path model;
    private Path workload;
    private Path out;

    @BeforeEach
    void copySample() throws IOException {
        model = Files.createDirectory(temp.resolve("model"));
        try (Stream<Path> files = Files.list(Run.MODEL)) {
            for (Path file : files.toList()) {
                Files.copy(file, model.resolve(file.getFileName()));
            }
        }
        workload = temp.resolve("workload.jsonl");
        Files.writeString(workload, "{\"prompt\": \"def f(x):\"}\n");
        out = temp.resolve("out");
    }

    @Test
    void misspelt() {
        Run command = Run.moeplan("plann", "recording");
        assertThat(command.exit()).isEqualTo(2);
        assertThat(command.errorLines()).singleElement().asString()
                .startsWith("moeplan: unknown command 'plann': did you mean plan").endsWith("(see 'moeplan --help')");
        Run option = Run.moeplan("plan", "recording", "--gpus", "8", "--redundnt", "8", "--out", out);
        assertThat(option.errorLines()).singleElement().asString()
                .startsWith("moeplan: unknown option '--redundnt': did you mean --redundant");
    }

    /** A run of hours is not made before its plan is found impossible. */
    @Test
    void planningThatCannotBeIsRefusedBeforeTheModelRuns() {
        misused(profile(model, workload, "--algorithm", "magic"), "unknown planner \"magic\"");
        refused(profile(model, workload, "--holdout", 2), "--holdout 2.0");
        misused(profile(model, workload, "--replay", "--passes", 0), "'--passes': use 1 or more");
        misused(profile(model, workload, "--mode", "stat", "--traffic-weight", 1), "use --mode per-token");
        misused(profile(model, workload, "--mode", "per-pass", "--weights"), "use --mode per-token");
        misused(profile(model, workload, "--mode", "per-pass", "--stat-passes", 4), "use --mode stat");
    }

    @Test
    void numbersThatMeanNothing() {
        for (String option : List.of("--traffic-weight", "--node-traffic-weight", "--token-seconds", "--weight-seconds",
                "--groups", "--survive", "--max-moves")) {
            misused(plan(option, "-1"), "'" + option + "'");
            misused(plan(option, "NaN"), "'" + option + "'");
        }
        misused(plan("--holdout", "half"), "'--holdout': 'half' is not a number");
        misused(plan("--seed", "99999999999999999999"), "is not a whole number, or out of range");
        misused(Run.moeplan("record", "--model", model, "--workload", "", "--out", out), "it is empty; name a file");
        misused(profile(model, workload, "--wave-tokens", 0), "'--wave-tokens': use 1 or more");
    }

    @Test
    void optionsThatSayNothingWithoutAnother() {
        misused(plan("--max-moves", "3"), "give it with --current");
        misused(plan("--expert-bytes", "1M"), "give it with --current");
        misused(plan("--survive-domain", "node"), "give both");
    }

    @Test
    void missingModel() {
        refused(profile(temp.resolve("nowhere"), workload), "nowhere");
    }

    @Test
    void missingWorkload() {
        refused(profile(model, temp.resolve("nowhere.jsonl")), "nowhere.jsonl");
    }

    @Test
    void truncatedSafetensors() throws IOException {
        Path shard = model.resolve("model-00001-of-00002.safetensors");
        try (RandomAccessFile file = new RandomAccessFile(shard.toFile(), "rw")) {
            file.setLength(file.length() / 2);
        }
        refused(profile(model, workload), "model-00001-of-00002.safetensors");
    }

    @Test
    void headerThatClaimsTooMuch() throws IOException {
        Path shard = model.resolve("model-00002-of-00002.safetensors");
        try (RandomAccessFile file = new RandomAccessFile(shard.toFile(), "rw")) {
            file.write(ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(1L << 60).array());
        }
        refused(profile(model, workload), "model-00002-of-00002.safetensors");
    }

    @Test
    void shardMissingFromDisk() throws IOException {
        Files.delete(model.resolve("model-00002-of-00002.safetensors"));
        refused(profile(model, workload), "model-00002-of-00002.safetensors");
    }

    @Test
    void tensorMissingFromTheIndex() throws IOException {
        edit("model.safetensors.index.json", "model.layers.3.mlp.gate.weight", "model.layers.3.mlp.door.weight");
        refused(profile(model, workload), "model.layers.3.mlp");
    }

    @Test
    void tokenizerThatIsNoJson() throws IOException {
        Files.writeString(model.resolve("tokenizer.json"), "no json");
        refused(profile(model, workload), "tokenizer.json");
    }

    @Test
    void modelTypeThatIsNotSupported() throws IOException {
        edit("config.json", "\"qwen3_moe\"", "\"zebra_moe\"");
        refused(profile(model, workload), "zebra_moe", "qwen3_moe");
    }

    @Test
    void emptyWorkload() throws IOException {
        Files.writeString(workload, "");
        refused(profile(model, workload), "workload.jsonl");
    }

    @Test
    void brokenLineOfTheWorkload() throws IOException {
        Files.writeString(workload, "{\"prompt\": \"a\"}\n{\"prompt\": \"b\"}\n{\"prompt\": \n");
        refused(profile(model, workload), "workload.jsonl", "line 3");
    }

    @Test
    void messagesForAModelWithoutChatTemplate() throws IOException {
        Files.writeString(workload, "{\"messages\": [{\"role\": \"user\", \"content\": \"hi\"}]}\n");
        refused(profile(model, workload), "workload.jsonl", "line 1", "chat template");
    }

    @Test
    void outputThatExists() throws IOException {
        Files.createDirectory(out);
        Run run = profile(model, workload);
        assertThat(run.exit()).isEqualTo(1);
        assertThat(run.errorLines()).singleElement().asString().contains(out + ": exists already");
        assertThat(out).isEmptyDirectory();
    }

    @Test
    void impossibleDeploymentIsRefusedBeforeTheModelRuns() {
        Run run = Run.moeplan("profile", "--model", model, "--workload", workload, "--gpus", 8, "--redundant", 3,
                "--out", out);
        refused(run, "--redundant 0 or 8");
    }

    @Test
    void recordingThatIsNone() throws IOException {
        Files.createDirectory(out);
        Files.writeString(out.resolve("manifest.json"), "{}", UTF_8);
        Run run = Run.moeplan("analyze", out);
        assertThat(run.exit()).isEqualTo(1);
        assertThat(run.errorLines()).singleElement().asString().contains("manifest.json");
    }

    @Test
    void wrongUsageIsExitCode2() {
        for (Run run : new Run[]{Run.moeplan(), Run.moeplan("dance"), Run.moeplan("plan"),
            Run.moeplan("record", "--memory", "lots"), Run.moeplan("record", "--mode", "sometimes")}) {
            assertThat(run.exit()).isEqualTo(2);
            assertThat(run.errorLines()).singleElement().asString().startsWith("moeplan: ").contains("--help");
        }
    }

    @Test
    void numbersOutOfRangeAreWrongUsage() {
        for (String[] args : new String[][]{{"plan", "r", "--gpus", "0", "--out", "p"},
            {"plan", "r", "--gpus", "8", "--nodes", "-1", "--out", "p"},
            {"plan", "r", "--gpus", "8", "--pass-tokens", "0", "--out", "p"},
            {"plan", "r", "--gpus", "8", "--time-budget", "-1", "--out", "p"},
            {"plan", "r", "--gpus", "8", "--gap", "NaN", "--out", "p"},
            {"record", "--model", "m", "--workload", "w", "--out", "r", "--limit", "0"}}) {
            Run run = Run.moeplan((Object[]) args);
            assertThat(run.exit()).isEqualTo(2);
            assertThat(run.errorLines()).singleElement().asString().contains("or more, not ");
        }
    }

    @Test
    void truncatedManifest() throws IOException {
        Files.createDirectory(out);
        Files.writeString(out.resolve("manifest.json"), "{\"format\": ", UTF_8);
        Run run = Run.moeplan("analyze", out);
        assertThat(run.errorLines()).singleElement().asString().contains("line 1").doesNotContain("Source");
    }

    @Test
    void emptyPlan() throws IOException {
        Path plan = Files.createFile(temp.resolve("plan.json"));
        assertThat(Run.moeplan("check", plan).errorLines()).singleElement().asString()
                .contains("plan.json: is empty");
    }

    /** Whoever runs the tests may read everything; then there is nothing to see. */
    @Test
    void planThatMayNotBeRead() throws IOException {
        Path plan = Files.createFile(temp.resolve("plan.json"));
        Files.setPosixFilePermissions(plan, Set.of());
        assumeThat(Files.isReadable(plan)).isFalse();
        assertThat(Run.moeplan("check", plan).errorLines()).singleElement().asString()
                .endsWith("plan.json: cannot be read: permission denied");
    }

    @Test
    void measurementsThatAreNone() throws IOException {
        Path file = Files.createFile(temp.resolve("measured.csv"));
        assertThat(Run.moeplan("calibrate", file).errorLines()).singleElement().asString()
                .contains("measured.csv: calibrating");
    }

    private Run profile(Path fromModel, Path ofWorkload, Object... more) {
        return Run
                .moeplan(Stream.concat(Stream.of("profile", "--model", fromModel, "--workload", ofWorkload, "--gpus", 8,
                        "--device", "cpu", "--out", out), Stream.of(more)).toArray());
    }

    private Run plan(String option, String value) {
        return Run.moeplan("plan", temp.resolve("recording"), "--gpus", 8, "--out", out, option, value);
    }

    private void misused(Run run, String says) {
        assertThat(run.exit()).isEqualTo(2);
        assertThat(run.errorLines()).singleElement().asString().startsWith("moeplan: ").contains(says);
        assertThat(out).doesNotExist();
    }

    private void refused(Run run, String... says) {
        assertThat(run.exit()).isEqualTo(1);
        assertThat(run.out()).isEmpty();
        assertThat(run.errorLines()).singleElement().asString().startsWith("moeplan: ").contains(says)
                .doesNotContain("internal error");
        assertThat(out).doesNotExist();
    }

    private void edit(String file, String from, String to) throws IOException {
        String text = Files.readString(model.resolve(file));
        assertThat(text).contains(from);
        Files.writeString(model.resolve(file), text.replace(from, to));
    }
}
