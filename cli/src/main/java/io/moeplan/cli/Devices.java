package io.moeplan.cli;

import io.moeplan.engine.Engine;
import io.moeplan.engine.EngineOptions;
import io.moeplan.engine.cuda.CudaBackend;
import io.moeplan.engine.cuda.driver.Cuda;
import io.moeplan.engine.cuda.driver.CudaException;
import io.moeplan.engine.cuda.driver.Unavailable;
import io.moeplan.engine.gemm.Precision;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.Locale;
import java.util.Optional;

/** Opens the engine on the device that was asked for. */
final class Devices {
    private Devices() {}

    /**
     * A model on a device.
     *
     * @param note a line for the user: why {@code auto} is not the GPU
     */
    record Opened(Engine engine, Optional<String> note) {
        Opened(Engine engine) {
            this(engine, Optional.empty());
        }
    }

    /**
     * Opens the model.
     *
     * @throws Unavailable if the GPU that was asked for cannot be used; the message is the reason
     * @throws IOException if the model is missing, damaged or not supported
     */
    static Opened open(RecordOptions options, PrintWriter err) throws IOException {
        return switch (options.device()) {
            case DeviceName.Choice.Cpu() -> new Opened(onCpu(options, err));
            case DeviceName.Choice.Cuda(int number) -> {
                try {
                    yield new Opened(onGpu(options, number, err));
                } catch (Unavailable e) {
                    throw new Unavailable("--device cuda" + (number == 0 ? "" : ":" + number) + ": " + e.getMessage());
                }
            }
            case DeviceName.Choice.Auto() -> {
                try {
                    yield new Opened(onGpu(options, 0, err));
                } catch (Unavailable e) {
                    yield insteadOfGpu(options, e.reason(), err);
                } catch (CudaException e) {
                    yield insteadOfGpu(options, e.getMessage(), err);
                }
            }
        };
    }

    /** A GPU in a line, or why it cannot be used. */
    static String describeGpu(int number) {
        try (Cuda cuda = Cuda.open(number)) {
            return String.format(Locale.ROOT, "fp16, %s, compute capability %d.%d, %.1f of %.1f GiB free", cuda.name(),
                    cuda.capability() / 10, cuda.capability() % 10, cuda.freeBytes() / 0x1p30,
                    cuda.totalBytes() / 0x1p30);
        } catch (Unavailable | CudaException e) {
            return "not usable: " + e.getMessage();
        }
    }

    private static Opened insteadOfGpu(RecordOptions options, String why, PrintWriter err) throws IOException {
        Optional<Precision> precision = options.precision();
        if (precision.isPresent() && precision.get().needsGpu()) {
            throw new Unavailable("--precision " + precision.get().label() + " needs a GPU: " + why
                    + "; on the CPU use --precision auto, bf16 or fp32");
        }
        return new Opened(onCpu(options, err), Optional.of("the CPU is used, not a GPU: " + why));
    }

    private static Engine onCpu(RecordOptions options, PrintWriter err) throws IOException {
        return Engine.open(options.model(), options.engine(err));
    }

    private static Engine onGpu(RecordOptions options, int number, PrintWriter err) throws IOException {
        Cuda cuda = Cuda.open(number);
        try {
            if (options.generate().isPresent()) {
                throw new Unavailable(
                        "responses are generated on the CPU; --responses saves them, as a workload for it");
            }
            EngineOptions engine = options.engine(err, cuda.usableBytes());
            return Engine.open(options.model(), engine, model -> new CudaBackend(model, cuda,
                    engine.precision(), engine.memoryBytes(), engine.threads(),
                    engine.warnings()));
        } catch (IOException | RuntimeException e) {
            cuda.close();
            throw e;
        }
    }
}
