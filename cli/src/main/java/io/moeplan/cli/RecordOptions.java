package io.moeplan.cli;

import io.moeplan.engine.EngineOptions;
import io.moeplan.engine.gemm.Precision;
import io.moeplan.engine.record.RecordingMode;
import io.moeplan.engine.record.RecordingOptions;
import io.moeplan.recording.RecordingWriter;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** What to run and how to record it. */
final class RecordOptions {
    private static final int STAT_PASSES = 10;

    @Option(names = "--model", paramLabel = "DIR", required = true, description = "Model folder as it lies on a hub:"
            + " config.json, safetensors, tokenizer.json.")
    private Path model;

    @Option(names = "--workload", paramLabel = "FILE", required = true, description = "Requests: JSONL with prompt,"
            + " messages or text (and response, tag), OpenAI Batch JSONL, ShareGPT JSON, token ids, or plain text;"
            + " detected by content.")
    private Path workload;

    @Option(names = "--limit", paramLabel = "N", converter = AtLeastOne.class,
            description = "Take the first N requests only.")
    private Integer limit;

    @Option(names = "--mode", paramLabel = "MODE", defaultValue = "per-token", converter = ModeName.class,
            description = "per-token, per-pass or stat. Default: ${DEFAULT-VALUE}.")
    private RecordingMode mode;

    @Option(names = "--pass-tokens", paramLabel = "N", converter = AtLeastOne.class, defaultValue = "2048",
            description = "Tokens of a forward pass,"
                    + " as an engine with chunked prefill would cut the workload. Default: ${DEFAULT-VALUE}.")
    private int passTokens;

    @Option(names = "--stat-passes", paramLabel = "N", converter = AtLeastOne.class,
            description = "Passes summed into one step in mode stat. Default: " + STAT_PASSES + ".")
    private Integer statPasses;

    @Option(names = "--weights", description = "Keep routing weights too (mode per-token).")
    private boolean weights;

    @Option(names = "--compress", description = "Compress the recording (ZSTD).")
    private boolean compress;

    @Option(names = "--memory", paramLabel = "SIZE", converter = MemorySize.class, description = "What the program may"
            + " take, e.g. 3G or 16G, of the device's memory: weights that do not fit are read ahead from disk, once for each"
            + " wave of requests. Results do not depend on it. Default: half of the machine's, or what a GPU has free.")
    private Long memory;

    @Option(names = "--wave-tokens", paramLabel = "N", converter = AtLeastOne.class,
            description = "Tokens of a wave of requests at most: what a run"
                    + " that is killed loses. Default: as many as memory allows.")
    private Integer waveTokens;

    @Option(names = "--resume", description = "Continue a recording that ended early, if --out holds one; the result"
            + " is that of a run that did not.")
    private boolean resume;

    @Option(names = "--threads", paramLabel = "N", converter = AtLeastOne.class,
            description = "Threads that compute. Default: all processors.")
    private Integer threads;

    @Option(names = "--device", paramLabel = "DEVICE", defaultValue = "auto", converter = DeviceName.class,
            description = "What runs the model: cpu, cuda (or cuda:N for one of several GPUs), or auto: the GPU if it can,"
                    + " else the CPU, with the reason. Default: ${DEFAULT-VALUE}.")
    private DeviceName.Choice device;

    @Option(names = "--precision", paramLabel = "PRECISION", defaultValue = "auto", converter = PrecisionName.class,
            description = "fp32: all in float32. bf16: products of bfloat16 numbers, added up in float32 (on the CPU"
                    + " those of experts only); routers, norms, softmax and the residual stream stay in float32. fp16,"
                    + " on a GPU: the same with float16, which rounds less, but has no numbers beyond 65,504. fp8, on a"
                    + " Hopper GPU: fp16, but experts that are stored in fp8 are multiplied in it. auto: on a GPU fp8 if it"
                    + " can be, else fp16; on a CPU bf16 where that is faster. Default: ${DEFAULT-VALUE}.")
    private PrecisionName.Choice precision;

    @ArgGroup(exclusive = false, heading = "Requests without a response:%n")
    private GenerateOptions generate;

    Path model() {
        return model;
    }

    Path workload() {
        return workload;
    }

    int limit() {
        return limit == null ? Integer.MAX_VALUE : limit;
    }

    /** Whether to continue what is there. */
    boolean resume() {
        return resume;
    }

    DeviceName.Choice device() {
        return device;
    }

    /** What products are computed in; empty for the fastest. */
    Optional<Precision> precision() {
        return precision.precision();
    }

    /** For the CPU. */
    EngineOptions engine(PrintWriter err) {
        return engine(err, EngineOptions.defaults().memoryBytes());
    }

    /** @param deviceBytes memory that the device has for this */
    EngineOptions engine(PrintWriter err, long deviceBytes) {
        EngineOptions defaults = EngineOptions.defaults();
        return new EngineOptions(memory == null ? deviceBytes : memory,
                threads == null ? defaults.threads() : threads, warning -> err.println("moeplan: " + warning),
                waveTokens == null ? Long.MAX_VALUE : waveTokens, precision.precision());
    }

    /**
     * Refuses options that the others make void.
     *
     * @throws ParameterException if there are some
     */
    void check(CommandLine command) {
        if (weights && !perToken()) {
            throw new ParameterException(command, "--weights keeps those of every token: use --mode per-token");
        }
        if (statPasses != null && mode != RecordingMode.STAT) {
            throw new ParameterException(command, "--stat-passes sums passes of mode stat: use --mode stat");
        }
    }

    /** Whether the recording will have the experts of every token. */
    boolean perToken() {
        return mode == RecordingMode.PER_TOKEN;
    }

    /** Absent if nothing is to be generated. */
    Optional<GenerateOptions> generate() {
        return Optional.ofNullable(generate);
    }

    RecordingOptions recording() {
        return new RecordingOptions(mode, passTokens, statPasses == null ? STAT_PASSES : statPasses, weights);
    }

    RecordingWriter.Options storage() {
        return new RecordingWriter.Options(compress, weights && perToken());
    }
}
