package io.moeplan.engine.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import io.moeplan.engine.gemm.Precision;
import io.moeplan.engine.workload.Request;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Experts that are multiplied in the fp8 they are stored in. */
final class Fp8ExpertsTest {
    @TempDir
    private Path temp;

    @Test
    void stayCloseToFloat32() throws IOException {
        Gpu.open().close();
        RandomCheckpoint.write(temp.resolve("model"), "deepseek-small", 2);
        List<Request> requests = Trace.workload(384);
        Trace cpu = Trace.of(temp.resolve("model"), requests, Gpu.cpu());
        for (Place place : Place.values()) {
            Trace gpu = Trace.of(temp.resolve("model"), requests,
                    Gpu.cuda(Precision.BF16, new Division(place, 2 << 20, 64, true)));
            // Three bits of mantissa in each product of inputs with weights, sums over 256 and more.
            assertThat(gpu.hiddenError(1, cpu)).as("%s", place).isLessThan(0.05);
            assertThat(gpu.agreement(cpu).share()).as("%s", place).isGreaterThan(0.9);
        }
    }
}
