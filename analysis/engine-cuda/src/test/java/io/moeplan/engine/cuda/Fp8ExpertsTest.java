package io.moeplan.engine.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import io.moeplan.engine.cuda.weights.Place;
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

    private Trace gpu(List<Request> requests, Precision precision, Place place, boolean fp8) throws IOException {
        return Trace.of(temp.resolve("model"), requests,
                Gpu.cuda(precision, new Division(place, 2 << 20, 64, fp8)));
    }

    @Test
    void stayCloseToFloat32() throws IOException {
        Gpu.open().close();
        RandomCheckpoint.write(temp.resolve("model"), "deepseek-small", 2);
        List<Request> requests = Trace.workload(384);
        Trace cpu = Trace.of(temp.resolve("model"), requests, Gpu.cpu());
        for (Place place : Place.values()) {
            Trace bf16 = gpu(requests, Precision.BF16, place, false);
            for (Precision rest : List.of(Precision.BF16, Precision.FP16)) {
                Trace fp8 = gpu(requests, rest, place, true);
                // Inputs have three bits of mantissa rather than seven, but most of bf16's own error is the attention's.
                assertThat(fp8.hiddenError(1, cpu)).as("%s, %s", place, rest).isLessThan(2 * bf16.hiddenError(1, cpu));
                assertThat(fp8.agreement(cpu).share()).as("%s, %s", place, rest).isGreaterThan(0.9);
            }
        }
    }
}
