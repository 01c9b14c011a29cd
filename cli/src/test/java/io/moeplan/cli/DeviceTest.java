package io.moeplan.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.moeplan.engine.cuda.driver.Cuda;
import io.moeplan.engine.cuda.driver.Unavailable;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@code --device} says where there is a GPU, and where there is none. */
final class DeviceTest {
    @TempDir
    private Path temp;

    private static boolean hasGpu() {
        try (Cuda cuda = Cuda.open(0)) {
            return cuda.capability() > 0;
        } catch (Unavailable e) {
            return false;
        }
    }

    private Run record(String device, String out) {
        return Run.moeplan("record", "--model", Run.MODEL, "--workload", Run.WORKLOAD, "--limit", 2, "--device", device,
                "--out", temp.resolve(out));
    }

    @Test
    void autoSaysWhyItIsTheCpu() {
        assumeTrue(!hasGpu(), "there is a GPU here");
        Run run = record("auto", "auto");
        assertThat(run.exit()).isZero();
        assertThat(run.errorLines()).anyMatch(line -> line.startsWith("moeplan: the CPU is used, not a GPU: "));
        assertThat(record("cpu", "cpu").err()).doesNotContain("GPU");
    }

    @Test
    void cudaFailsWithTheReason() {
        assumeTrue(!hasGpu(), "there is a GPU here");
        for (String device : new String[]{"cuda", "cuda:1"}) {
            Run run = record(device, "cuda");
            assertThat(run.exit()).isEqualTo(1);
            assertThat(run.errorLines()).singleElement().asString().startsWith("moeplan: --device " + device + ": ");
            assertThat(Files.exists(temp.resolve("cuda"))).isFalse();
        }
    }

    @Test
    void autoDoesNotTakeTheCpuForWhatOnlyGpusHave() {
        assumeTrue(!hasGpu(), "there is a GPU here");
        Run run = Run.moeplan("record", "--model", Run.MODEL, "--workload", Run.WORKLOAD, "--limit", 2, "--precision",
                "fp16", "--out", temp.resolve("half"));
        assertThat(run.exit()).isEqualTo(1);
        assertThat(run.errorLines()).singleElement().asString().startsWith("moeplan: --precision fp16 needs a GPU: ")
                .endsWith("; on the CPU use --precision auto, bf16 or fp32");
        assertThat(Files.exists(temp.resolve("half"))).isFalse();
    }

    @Test
    void modelsSaysWhetherThereIsAGpu() {
        String line = Run.moeplan("models", "--device", "cuda").out().lines().reduce((first, last) -> last)
                .orElseThrow();
        assertThat(line).startsWith(hasGpu() ? "cuda: fp16, " : "cuda: not usable: ");
        assertThat(Run.moeplan("models", "--device", "cpu").out()).doesNotContain("cuda: ");
        assertThat(Run.moeplan("models", "--device", "AUTO").out()).contains("cuda: ", "cpu: ");
        assertThat(Run.moeplan("models", "--device", "cuda:77").out()).contains("cuda:77: not usable: ");
    }

    @Test
    void otherNamesAreRefused() {
        Run run = record("gpu", "gpu");
        assertThat(run.exit()).isEqualTo(2);
        assertThat(run.errorLines()).singleElement().asString().contains("'gpu' is not auto, cpu, cuda or cuda:N");
    }
}
