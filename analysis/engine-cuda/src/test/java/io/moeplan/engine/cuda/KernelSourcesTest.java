package io.moeplan.engine.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Every kernel compiles wherever there is a compiler, GPU or not, and keeps its values in registers. */
final class KernelSourcesTest {
    private static Compiler compiler() {
        try {
            return Compiler.load(LibraryFinder.ofProcess());
        } catch (Unavailable e) {
            return abort("kernels are not compiled here: " + e.getMessage());
        }
    }

    @ParameterizedTest
    @CsvSource({"grouped_gemm, sm_90a, GATED=0", "grouped_gemm, sm_90a, GATED=1", "grouped_gemm_simple, sm_80, NONE",
        "grouped_gemm_simple, sm_90a, NONE"})
    void compiles(String source, String architecture, String define) {
        compile(source, architecture, define);
    }

    /** What runs in both precisions, on every GPU that is supported. */
    @ParameterizedTest
    @ValueSource(strings = {"add_rows", "attention_simple", "bias", "combine_simple", "delta_convolve", "delta_gate",
        "delta_walk", "embed", "gated", "gather", "grouped_rows", "head_gate", "heads", "latent_keys", "norm",
        "permute_simple", "rope_table", "router", "unpack"})
    void compilesInBothPrecisions(String source) {
        for (String architecture : List.of("sm_80", "sm_89", "sm_90a")) {
            for (String precision : List.of("BF16=0", "BF16=1")) {
                compile(source, architecture, precision, "VALUES=4");
            }
        }
    }

    private static void compile(String source, String architecture, String... defines) {
        Compiler compiler = compiler();
        List<String> options = new ArrayList<>(Kernels.options(architecture, defines));
        options.add("--ptxas-options=-v");
        Compiler.Compiled compiled = compiler.compile(source + ".cu", Kernels.text(source), options);
        assertThat(compiled.binary()).isNotEmpty();
        assertThat(compiled.log()).doesNotContainPattern("[1-9][0-9]* bytes spill");
    }
}
