package io.moeplan.engine.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import io.moeplan.engine.gemm.Precision;
import io.moeplan.engine.workload.Request;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every family on the GPU against the CPU's float32. */
final class CudaFixturesTest {
    private static final int VOCABULARY = 384;

    static Stream<Path> fixtures() throws IOException {
        try (Stream<Path> folders = Files.list(Gpu.fixtures())) {
            return folders.sorted().toList().stream();
        }
    }

    /** What the CPU may differ from transformers by; qwen3_next amplifies rounding, as its fixture says. */
    static double tolerance(Path model) {
        return model.endsWith("qwen3_next") ? 1.5e-3 : 2e-4;
    }

    @ParameterizedTest
    @MethodSource("fixtures")
    void computesAsTheCpuDoesInFloat32(Path model) throws IOException {
        Gpu.open().close();
        List<Request> requests = Trace.workload(VOCABULARY);
        Trace cpu = Trace.of(model, requests, Gpu.cpu());
        for (Division division : List.of(new Division(Place.UNPACKED, 1 << 30, 4096),
                new Division(Place.PACKED, 30_000, 64), new Division(Place.STREAMED, 30_000, 64))) {
            Trace gpu = Trace.of(model, requests, Gpu.cuda(Precision.FP32, division));
            assertThat(gpu.largestDifference(cpu)).as("%s", division).isLessThan(tolerance(model));
            assertThat(gpu.agreement(cpu).share()).as("%s", division).isEqualTo(1);
        }
    }

    @ParameterizedTest
    @MethodSource("fixtures")
    void choosesTheSameExpertsInBfloat16(Path model) throws IOException {
        Gpu.open().close();
        List<Request> requests = Trace.workload(VOCABULARY);
        Trace cpu = Trace.of(model, requests, Gpu.cpu());
        Trace gpu = Trace.of(model, requests,
                Gpu.cuda(Precision.BF16, new Division(Place.UNPACKED, 1 << 30, 4096)));
        assertThat(gpu.agreement(cpu).share()).isGreaterThanOrEqualTo(0.99);
        assertThat(gpu.hiddenError(gpu.layers(), cpu)).isLessThan(0.02);
    }
}
