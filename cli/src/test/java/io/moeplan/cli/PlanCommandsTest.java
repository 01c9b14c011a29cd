package io.moeplan.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.moeplan.eplb.Plan;
import io.moeplan.eplb.planfile.PlanFile;
import io.moeplan.recording.Recording;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** plan, check and import, on the ready recording of the sample. */
class PlanCommandsTest {
    private static final Path RECORDING = Path.of("../samples/recording").toAbsolutePath().normalize();

    @TempDir
    private Path temp;

    @Test
    void aPlanHoldsAgainstItsRecording() {
        Path plan = plan("plan.json", "--redundant", 8);
        Run check = Run.moeplan("check", plan, RECORDING);
        assertThat(check.exit()).isZero();
        assertThat(check.out()).contains("The plan holds.").doesNotContain("FAILS");
    }

    @Test
    void aFalsifiedPlanDoesNot() throws IOException {
        Path plan = plan("plan.json", "--redundant", 8, "--algorithm", "deepseek");
        String text = Files.readString(plan);
        Files.writeString(plan, text.replaceFirst("\"max_over_mean\" ?: ?1\\.\\d+", "\"max_over_mean\":1.0"));
        Run check = Run.moeplan("check", plan, RECORDING);
        assertThat(check.exit()).isEqualTo(1);
        assertThat(check.out()).contains("FAILS").contains("does not hold");
    }

    @Test
    void spareSlotsStayEmptyWhereThatIsWanted() throws IOException {
        Path file = plan("plan.json", "--redundant", 3, "--spare", "empty");
        Plan plan = PlanFile.read(file);
        assertThat(plan.layers()).allSatisfy(
                layer -> assertThat(layer.physicalToLogical()).hasSize(40).contains(-1));
        assertThat(Run.moeplan("check", file, RECORDING).exit()).isZero();
    }

    @Test
    void absentGpusHoldNothing() throws IOException {
        Plan plan = PlanFile.read(plan("plan.json", "--slots-per-gpu", 6, "--absent", "2"));
        for (int slot = 12; slot < 18; slot++) {
            assertThat(plan.layers().getFirst().physicalToLogical()[slot]).isEqualTo(-1);
        }
    }

    @Test
    void aPlanSurvivesTheLossOfAGpuOrSaysWhatThatTakes() throws IOException {
        Path file = temp.resolve("plan.json");
        Run run = Run.moeplan("plan", RECORDING, "--gpus", 8, "--redundant", 32, "--survive", 1, "--time-budget", 1,
                "--out", file);
        assertThat(run.exit()).isZero();
        assertThat(run.out()).contains("Survival");
        assertThat(PlanFile.read(file).requirements().lostGpus()).isEqualTo(1);
        Run impossible = Run.moeplan("plan", RECORDING, "--gpus", 8, "--redundant", 8, "--survive", 1, "--out",
                temp.resolve("no.json"));
        assertThat(impossible.exit()).isEqualTo(1);
        assertThat(impossible.errorLines()).singleElement().asString().contains("32");
        assertThat(temp.resolve("no.json")).doesNotExist();
    }

    @Test
    void expertsMoveNoMoreThanAllowed() {
        Path now = plan("now.json", "--redundant", 8, "--algorithm", "deepseek", "--holdout", 0.8);
        Run run = Run.moeplan("plan", RECORDING, "--gpus", 8, "--redundant", 8, "--time-budget", 1, "--current", now,
                "--max-moves", 20, "--expert-bytes", "1M", "--out", temp.resolve("next.json"));
        assertThat(run.exit()).isZero();
        assertThat(run.out()).containsPattern("Migration: (1?\\d|20) experts move").contains("Moves against balance");
        assertThat(Run.moeplan("check", temp.resolve("next.json"), RECORDING).exit()).isZero();
    }

    @Test
    void aTrafficWeightDrawsExpertsTogether() {
        Path apart = plan("apart.json", "--redundant", 0);
        Path together = plan("together.json", "--redundant", 0, "--traffic-weight", 2);
        assertThat(distinctGpus(together)).isLessThan(distinctGpus(apart));
    }

    private static double distinctGpus(Path plan) {
        String line = Run.moeplan("traffic", RECORDING, "--plan", plan).out().lines()
                .filter(text -> text.startsWith("distinct GPUs")).findFirst().orElseThrow();
        return Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1));
    }

    /** What a plan was made for is in its file, and simulate goes by that unless told otherwise. */
    @Test
    void aPlanIsJudgedWithTheRuleItWasMadeFor() {
        Path plan = plan("plan.json", "--redundant", 8, "--engine", "vllm-ascend");
        assertThat(Run.moeplan("check", plan, RECORDING).out())
                .contains("note   planned for the dispatch rule modulo, minimising ");
        Run own = Run.moeplan("simulate", RECORDING, "--plan", plan, "--format", "json");
        assertThat(own.out()).contains("\"dispatch\" : \"modulo\"");
        assertThat(Run.moeplan("simulate", RECORDING, "--plan", plan, "--dispatch", "even").out())
                .contains("dispatch even");
    }

    /** A planner that knows no rule does not claim to have planned for one. */
    @Test
    void plansOfOtherPlannersAreForTheEvenSplit() {
        Path file = temp.resolve("plan.json");
        Run plan = Run.moeplan("plan", RECORDING, "--gpus", 8, "--redundant", 8, "--algorithm", "deepseek",
                "--dispatch",
                "modulo", "--out", file);
        assertThat(plan.out()).contains("Note: deepseek knows no dispatch rule but even");
        assertThat(Run.moeplan("check", file, RECORDING).out()).contains("planned for the dispatch rule even,");
        assertThat(Run.moeplan("simulate", RECORDING, "--plan", file).out()).contains("dispatch even");
        assertThat(Run.moeplan("simulate", RECORDING, "--plan", file, "--dispatch", "modulo").out())
                .contains("dispatch modulo");
    }

    @Test
    void gainsAreCountedFromTheDeadZone() throws IOException {
        Path plan = plan("plan.json", "--redundant", 8, "--dead-zone", 1.5);
        Run hidden = Run.moeplan("simulate", RECORDING, "--plan", plan, "--dead-zone", 9);
        assertThat(hidden.out().replaceAll("\\s+", " "))
                .contains("kernels hide an imbalance of up to 9.0, so there is nothing to gain");
        Run wrong = Run.moeplan("simulate", RECORDING, "--plan", plan, "--dead-zone", 0.9);
        assertThat(wrong.exit()).isEqualTo(2);
        assertThat(wrong.err()).contains("use 1 or more");
        Path times = Files.writeString(temp.resolve("times.csv"), "1,3\n1.05,3\n1.1,3\n1.2,3.2\n1.4,3.6\n2,4.8\n");
        assertThat(Run.moeplan("calibrate", times).out()).contains("pass --dead-zone 1.1000 to plan");
    }

    /** Nothing but the reference's own layout has an expert twice on a GPU. */
    @Test
    void expertsLieTwiceOnAGpuOnlyIfTheyMay() {
        Path plan = plan("plan.json", "--redundant", 32, "--same-gpu-replicas", "--objective", "mean");
        assertThat(Run.moeplan("check", plan, RECORDING).exit()).isZero();
    }

    @Test
    void anObjectiveThatARuleDoesNotAllowIsRefused() {
        Run run = Run.moeplan("plan", RECORDING, "--gpus", 8, "--objective", "decode", "--dispatch", "lp", "--out",
                temp.resolve("plan.json"));
        assertThat(run.exit()).isEqualTo(1);
        assertThat(run.errorLines()).singleElement().asString().contains("use --objective steps, tail or mean");
    }

    @Test
    void countMatricesBecomeRecordings() throws IOException {
        Path matrix = Files.writeString(temp.resolve("counts.json"), "[[[5, 1, 1, 1], [2, 2, 2, 2]], [[4, 0, 0, 4], "
                + "[1, 5, 1, 1]]]");
        Path recording = temp.resolve("counts");
        assertThat(Run.moeplan("import", "--from", "count-matrix", matrix, "--top-k", 2, "--out", recording).exit())
                .isZero();
        assertThat(Recording.open(recording).trace().totals(0)).containsExactly(9, 1, 1, 5);
        assertThat(Recording.open(recording).trace().tokens()).isEqualTo(8);
        Path plan = temp.resolve("plan.json");
        assertThat(Run.moeplan("plan", recording, "--gpus", 2, "--redundant", 2, "--holdout", 0, "--out", plan).exit())
                .isZero();
        assertThat(Run.moeplan("check", plan, recording).exit()).isZero();
    }

    @Test
    void aBadCountMatrixIsRefusedByPlace() throws IOException {
        for (String bad : new String[]{"", "{}", "[1, 2]", "[[1, 2], [3]]", "[[1, -2]]", "[[1, \"x\"]]", "[[1, 2]",
            "[[]]",
            "[[[1]], [[1, 2]]]", "[[1e99]]", "[[[[1]]]]"}) {
            Path matrix = Files.writeString(temp.resolve("counts.json"), bad);
            Run run = Run.moeplan("import", "--from", "count-matrix", matrix, "--out", temp.resolve("rec"));
            assertThat(run.exit()).as(bad).isEqualTo(1);
            assertThat(run.errorLines()).as(bad).singleElement().asString().contains("counts.json")
                    .doesNotContain("internal");
            assertThat(temp.resolve("rec")).doesNotExist();
        }
    }

    private Path plan(String name, Object... more) {
        Path file = temp.resolve(name);
        Object[] args = new Object[more.length + 8];
        Object[] first = {"plan", RECORDING, "--gpus", 8, "--time-budget", 1, "--out", file};
        System.arraycopy(first, 0, args, 0, first.length);
        System.arraycopy(more, 0, args, first.length, more.length);
        Run run = Run.moeplan(args);
        assertThat(run.err()).isEmpty();
        assertThat(run.exit()).isZero();
        return file;
    }
}
