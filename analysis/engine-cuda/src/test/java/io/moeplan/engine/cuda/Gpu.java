package io.moeplan.engine.cuda;

import static org.junit.jupiter.api.Assumptions.abort;

import io.moeplan.engine.backend.Backend;
import io.moeplan.engine.cpu.CpuBackend;
import io.moeplan.engine.cpu.WeightReading;
import io.moeplan.engine.gemm.Precision;
import java.nio.file.Path;

/** The GPU of the machine, and devices for tests. */
final class Gpu {
    private Gpu() {}

    /** Opens it; the test is skipped, with the reason, where there is none. */
    static Cuda open() {
        try {
            return Cuda.open(0);
        } catch (Unavailable e) {
            return abort("no GPU here: " + e.getMessage());
        }
    }

    /** The engine's model fixtures. */
    static Path fixtures() {
        return Path.of(System.getProperty("moeplan.fixtures", "../engine/src/test/resources/models"));
    }

    static Backend.Factory cpu() {
        return model -> new CpuBackend(model, 2, 1L << 33, WeightReading.MAPPED, warning -> {
            throw new IllegalStateException(warning);
        });
    }

    /** The GPU with memory divided like this. */
    static Backend.Factory cuda(Precision precision, Division division) {
        return cuda(open(), precision, division);
    }

    /** @param cuda closed with the backend */
    static Backend.Factory cuda(Cuda cuda, Precision precision, Division division) {
        return model -> new CudaBackend(model, cuda, precision, division, 2, warning -> {
            throw new IllegalStateException(warning);
        });
    }
}
