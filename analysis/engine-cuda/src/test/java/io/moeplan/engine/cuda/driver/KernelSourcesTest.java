package io.moeplan.engine.cuda.driver;

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
    @CsvSource({"grouped_gemm, sm_90a, GATED=0 BIAS=0 CLAMPED=0", "grouped_gemm, sm_90a, GATED=1 BIAS=0 CLAMPED=0",
        "grouped_gemm, sm_90a, GATED=0 BIAS=1 CLAMPED=0", "grouped_gemm, sm_90a, GATED=1 BIAS=1 CLAMPED=1",
        "grouped_gemm_simple, sm_80, NONE",
        "grouped_gemm_simple, sm_90a, NONE", "grouped_gemm_fp8, sm_90a, GATED=0 ADDED=0",
        "grouped_gemm_fp8, sm_90a, GATED=1 ADDED=0", "grouped_gemm_fp8, sm_90a, GATED=0 ADDED=1",
        "grouped_gemm_mma, sm_80, GATED=0 BIAS=1 CLAMPED=0", "grouped_gemm_mma, sm_89, GATED=1 BIAS=1 CLAMPED=1",
        "attention_mma, sm_80, QK=128 VALUES=128 SHARED_ROPE=0",
        "attention_mma, sm_89, QK=192 VALUES=128 SHARED_ROPE=1",
        "attention, sm_90a, QK=64 VALUES=64 SHARED_ROPE=0",
        "attention, sm_90a, QK=128 VALUES=128 SHARED_ROPE=0",
        "attention, sm_90a, QK=192 VALUES=128 SHARED_ROPE=1",
        "combine, sm_80, WIDTH=7168 THREADS=448 TOP_K=8 NORM=1", "combine, sm_90a, WIDTH=64 THREADS=32 TOP_K=2 NORM=0",
        "spread, sm_80, WIDTH=2048 TOP_K=8 FP8=0",
        "spread, sm_90a, WIDTH=7168 TOP_K=8 FP8=1", "head_rope, sm_80, DIM=128 ROTARY=64 INTERLEAVED=0 NORM=1",
        "head_rope, sm_80, DIM=64 ROTARY=64 INTERLEAVED=1 NORM=0",
        "router, sm_80, EXPERTS=128 TOP_K=8 SCORE=0 GROUPS=1 KEPT=1 BEST=1",
        "router, sm_80, EXPERTS=256 TOP_K=8 SCORE=1 GROUPS=8 KEPT=4 BEST=2",
        "router, sm_80, EXPERTS=32 TOP_K=4 SCORE=2 GROUPS=1 KEPT=1 BEST=1",
        "router, sm_90a, EXPERTS=16 TOP_K=2 SCORE=3 GROUPS=1 KEPT=1 BEST=1", "permute, sm_80, EXPERTS=256",
        "count, sm_80, EXPERTS=1024", "count, sm_90a, EXPERTS=128",
        "random, sm_90a, NONE"})
    void compiles(String source, String architecture, String defines) {
        for (NumberType type : List.of(NumberType.BF16, NumberType.FP16)) {
            compile(source, architecture, type, defines.split(" "));
        }
    }

    /** What runs in all precisions, on every GPU that is supported. */
    @ParameterizedTest
    @ValueSource(strings = {"add_rows", "attention_simple", "bias", "combine_simple", "delta_convolve", "delta_gate",
        "delta_walk", "embed", "gated", "gather", "grouped_rows", "head_gate", "heads", "latent_keys", "norm",
        "rope_table", "unpack"})
    void compilesInAllPrecisions(String source) {
        for (String architecture : List.of("sm_80", "sm_89", "sm_90a")) {
            for (NumberType type : NumberType.values()) {
                compile(source, architecture, type, "VALUES=4");
            }
        }
    }

    private static void compile(String source, String architecture, NumberType type, String... defines) {
        Compiler compiler = compiler();
        List<String> options = new ArrayList<>(Kernels.options(architecture, type, defines));
        options.add("--ptxas-options=-v");
        Compiler.Compiled compiled = compiler.compile(source + ".cu", Kernels.text(source), options);
        assertThat(compiled.binary()).isNotEmpty();
        assertThat(compiled.log()).doesNotContainPattern("[1-9][0-9]* bytes spill");
        assertThat(compiled.log()).as("products wait for each other").doesNotContain("serialized");
    }
}
