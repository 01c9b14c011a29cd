package io.moeplan.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.moeplan.engine.gemm.Gemms;
import io.moeplan.engine.gemm.Precision;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code moeplan record --precision}, and {@code moeplan analyze --against}. */
class PrecisionTest {
    private static Run record(Path out, String precision) {
        return Run.moeplan("record", "--model", Run.MODEL, "--workload", Run.WORKLOAD, "--limit", 40, "--precision",
                precision, "--out", out);
    }

    private static double percent(String pattern, String text) {
        Matcher found = Pattern.compile(pattern).matcher(text);
        assertThat(found.find()).as("%s in %s", pattern, text).isTrue();
        return Double.parseDouble(found.group(1));
    }

    @Test
    void agreesWithFloat32(@TempDir Path temp) {
        assertThat(record(temp.resolve("exact"), "fp32").exit()).isZero();
        assertThat(record(temp.resolve("auto"), "auto").exit()).isZero();
        Run run = Run.moeplan("analyze", temp.resolve("auto"), "--against", temp.resolve("exact"));
        assertThat(run.exit()).isZero();
        assertThat(percent("Same set of experts for ([0-9.]+) %", run.out())).isGreaterThanOrEqualTo(99.5);
        assertThat(percent("differs by more than ([0-9.]+) %", run.out())).isLessThanOrEqualTo(0.5);
        assertThat(Run.moeplan("analyze", temp.resolve("auto"), "--against", temp.resolve("auto"), "--format", "csv")
                .out()).startsWith("layer,same_sets,largest_shift\n0,1.0,0.0\n");
        assertThat(Run.moeplan("analyze", temp.resolve("auto"), "--against", temp.resolve("exact"), "--format", "json")
                .out()).contains("\"moeplan-agreement\"", "\"same_sets\"");
    }

    @Test
    void namesThePrecision(@TempDir Path temp) {
        Run exact = record(temp.resolve("exact"), "fp32");
        assertThat(exact.out() + exact.err()).contains("fp32");
        boolean has = Gemms.all().stream().anyMatch(gemm -> gemm.precision() == Precision.BF16);
        Run half = record(temp.resolve("half"), "bf16");
        assertThat(half.exit()).matches(exit -> has == (exit == 0));
        assertThat(half.out() + half.err()).contains(has ? "bf16" : "--precision auto");
        Run wrong = record(temp.resolve("wrong"), "fp4");
        assertThat(wrong.exit()).isEqualTo(2);
        assertThat(wrong.errorLines().getFirst()).contains("--precision", "fp4", "auto, fp32, bf16, fp16 or fp8");
    }

    @Test
    void refusesOnACpuWhatOnlyGpusHave(@TempDir Path temp) {
        for (String precision : List.of("fp16", "fp8")) {
            Run run = Run.moeplan("record", "--model", Run.MODEL, "--workload", Run.WORKLOAD, "--limit", 2, "--device",
                    "cpu", "--precision", precision, "--out", temp.resolve("out"));
            assertThat(run.exit()).isEqualTo(1);
            assertThat(run.errorLines()).singleElement().isEqualTo("moeplan: --precision " + precision
                    + " needs a GPU; on the CPU use --precision auto, bf16 or fp32");
            assertThat(temp.resolve("out")).doesNotExist();
        }
    }
}
