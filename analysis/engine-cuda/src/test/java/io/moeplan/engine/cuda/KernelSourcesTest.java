package io.moeplan.engine.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

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
        Compiler compiler = compiler();
        List<String> options = new ArrayList<>(Kernels.options(architecture, define));
        options.add("--ptxas-options=-v");
        Compiler.Compiled compiled = compiler.compile(source + ".cu", Kernels.text(source), options);
        assertThat(compiled.binary()).isNotEmpty();
        assertThat(compiled.log()).doesNotContainPattern("[1-9][0-9]* bytes spill");
    }
}
