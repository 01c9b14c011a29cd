package io.moeplan.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.moeplan.eplb.Plan;
import io.moeplan.eplb.planfile.PlanFile;
import io.moeplan.recording.Recording;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.io.TempDir;

/** The main job and the commands it is made of, on the sample model and the first requests of its workload. */
@TestInstance(Lifecycle.PER_CLASS)
class ProfileTest {
    private Path temp;
    private Path out;
    private Run profile;

    @BeforeAll
    void profileTheSample(@TempDir Path folder) {
        temp = folder;
        out = temp.resolve("out");
        profile = Run.moeplan("profile", "--model", Run.MODEL, "--device", "cpu", "--workload", Run.WORKLOAD, "--limit",
                40, "--nodes", 2,
                "--gpus", 8, "--redundant", 8, "--pass-tokens", 512, "--out", out);
    }

    @Test
    void leavesRecordingPlanExportsAndReport() throws IOException {
        assertThat(profile.err()).isEmpty();
        assertThat(profile.exit()).isZero();
        Recording recording = Recording.open(out.resolve("recording"));
        assertThat(recording.manifest().complete()).isTrue();
        assertThat(recording.requests()).hasSize(40);
        Plan plan = PlanFile.read(out.resolve("plan.json"));
        assertThat(plan.layers()).hasSize(6);
        assertThat(plan.recording().digest()).isEqualTo(recording.digest());
        try (Stream<Path> exports = Files.list(out.resolve("exports"))) {
            assertThat(exports).hasSize(5);
        }
        assertThat(out.resolve("report.html")).content().contains("<html", "</html>");
    }

    @Test
    void enginesThatCannotHoldThePlanAreNamed() {
        Path folder = temp.resolve("empty");
        Run run = Run.moeplan("profile", "--model", Run.MODEL, "--device", "cpu", "--workload", Run.WORKLOAD, "--limit",
                12, "--gpus", 5, "--spare", "empty", "--pass-tokens", 256, "--time-budget", 0, "--out", folder);
        assertThat(run.err()).isEmpty();
        assertThat(run.exit()).isZero();
        assertThat(run.out()).contains("sglang: not written, SGLang cannot leave slots empty",
                "deepseek: not written, the reference cannot leave slots empty");
        assertThat(folder.resolve("report.html")).exists();
    }

    @Test
    void saysTheVerdictAndThatItIsHeldOut() {
        assertThat(profile.out()).contains("Verdict", "held out", "Simulation", "Certificate");
    }

    @Test
    void recordsTheSameInManySmallWaves() throws IOException {
        Path waves = temp.resolve("waves");
        Run run = Run.moeplan("record", "--model", Run.MODEL, "--device", "cpu", "--workload", Run.WORKLOAD, "--limit",
                40,
                "--wave-tokens", 200, "--threads", 1, "--pass-tokens", 512, "--out", waves);
        assertThat(run.exit()).isZero();
        Recording small = Recording.open(waves);
        Recording whole = Recording.open(out.resolve("recording"));
        for (int layer = 0; layer < 6; layer++) {
            assertThat(small.trace().totals(layer)).isEqualTo(whole.trace().totals(layer));
        }
        assertThat(small.trace().steps()).usingRecursiveComparison().isEqualTo(whole.trace().steps());
    }

    @Test
    void countsPerPassAreThoseOfTheTokens() throws IOException {
        Path passes = temp.resolve("passes");
        Run run = Run.moeplan("record", "--model", Run.MODEL, "--device", "cpu", "--workload", Run.WORKLOAD, "--limit",
                40, "--mode",
                "per-pass", "--pass-tokens", 512, "--out", passes);
        assertThat(run.exit()).isZero();
        Recording whole = Recording.open(out.resolve("recording"));
        assertThat(Recording.open(passes).trace().steps()).usingRecursiveComparison().ignoringFields("phase")
                .isEqualTo(whole.trace().steps());
    }

    @Test
    void analyzeSpeaksTextJsonAndCsv() {
        for (String format : new String[]{"text", "json", "csv"}) {
            Run run = Run.moeplan("analyze", out.resolve("recording"), "--format", format);
            assertThat(run.exit()).isZero();
            assertThat(run.err()).isEmpty();
            assertThat(run.out()).isNotBlank().endsWith("\n");
        }
    }

    @Test
    void planSimulateExportAndReportWorkOneByOne() {
        Path plan = temp.resolve("plan.json");
        Path recording = out.resolve("recording");
        assertThat(
                Run.moeplan("plan", recording, "--nodes", 2, "--gpus", 8, "--slots-per-gpu", 5, "--out", plan).exit())
                .isZero();
        Run simulation = Run.moeplan("simulate", recording, "--plan", plan);
        assertThat(simulation.exit()).isZero();
        assertThat(simulation.out()).contains("unseen", "SGLang balancedness", "vllm-ascend PAR");
        Run all = Run.moeplan("simulate", recording, "--plan", plan, "--holdout", 0);
        assertThat(all.exit()).isZero();
        assertThat(all.out()).doesNotContain("unseen");
        for (String engine : new String[]{"sglang", "vllm", "tensorrt-llm", "vllm-ascend", "deepseek"}) {
            Run export = Run.moeplan("export", plan, "--to", engine, "--out", temp.resolve(engine));
            assertThat(export.exit()).isZero();
            assertThat(export.out()).contains("Written: ");
        }
        Run report = Run.moeplan("report", recording, "--plan", plan, "--engine", "sglang", "--out",
                temp.resolve("report.html"));
        assertThat(report.out()).contains("dispatch static");
        assertThat(report.exit()).isZero();
        assertThat(temp.resolve("report.html")).exists();
    }

    @Test
    void versionSaysVersionAndCommit() {
        assertThat(Run.moeplan("--version").out()).contains("moeplan 0.1.0", "commit ");
    }

    @Test
    void everyCommandHasHelp() {
        for (String command : new String[]{"profile", "record", "import", "analyze", "plan", "check", "calibrate",
            "simulate", "compare", "traffic", "export",
            "report"}) {
            Run run = Run.moeplan(command, "--help");
            assertThat(run.exit()).as(command).isZero();
            assertThat(run.out()).contains("Usage: moeplan " + command);
        }
    }
}
