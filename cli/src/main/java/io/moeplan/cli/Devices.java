package io.moeplan.cli;

import io.moeplan.engine.Engine;
import io.moeplan.engine.EngineOptions;
import io.moeplan.engine.cuda.Cuda;
import io.moeplan.engine.cuda.CudaBackend;
import io.moeplan.engine.cuda.CudaException;
import io.moeplan.engine.cuda.Unavailable;
import java.io.IOException;
import java.io.PrintWriter;
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
                    throw new Unavailable("--device cuda: " + e.getMessage());
                }
            }
            case DeviceName.Choice.Auto() -> {
                try {
                    yield new Opened(onGpu(options, 0, err));
                } catch (Unavailable | CudaException e) {
                    yield new Opened(onCpu(options, err),
                            Optional.of("the CPU is used, for want of a GPU: " + e.getMessage()));
                }
            }
        };
    }

    private static Engine onCpu(RecordOptions options, PrintWriter err) throws IOException {
        return Engine.open(options.model(), options.engine(err));
    }

    private static Engine onGpu(RecordOptions options, int number, PrintWriter err) throws IOException {
        if (options.generate().isPresent()) {
            throw new Unavailable("responses are generated on the CPU (--device cpu --responses FILE saves them)");
        }
        Cuda cuda = Cuda.open(number);
        try {
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
