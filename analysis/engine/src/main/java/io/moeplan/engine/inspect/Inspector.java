package io.moeplan.engine.inspect;

import io.moeplan.engine.cpu.CpuBackend;
import io.moeplan.engine.model.Architecture;
import io.moeplan.engine.model.Architectures;
import io.moeplan.engine.model.ConfigReader;
import io.moeplan.engine.model.Cost;
import io.moeplan.engine.model.FeedForward;
import io.moeplan.engine.model.Model;
import io.moeplan.engine.model.Parameters;
import io.moeplan.engine.model.StoredWeights;
import io.moeplan.engine.text.ChatTemplate;
import io.moeplan.engine.text.Tokenizer;
import io.moeplan.tensors.Checkpoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;

/** Looks a model directory over without loading it. */
public final class Inspector {
    private static final List<String> WEIGHTS = List.of("model.safetensors", "model.safetensors.index.json");
    private static final List<String> OTHER_TOKENIZERS = List.of("tokenizer.model", "vocab.json");

    private Inspector() {}

    /**
     * Reads config.json and, if there are weights, their headers.
     *
     * @param bytesPerSecond how fast weights are read; measured by reading some of them if empty
     * @throws IOException if the model is not supported, or what is there of it is damaged or does not fit together
     */
    public static Inspection inspect(Path directory, OptionalDouble bytesPerSecond) throws IOException {
        ConfigReader config = ConfigReader.open(directory.resolve("config.json"));
        Architecture architecture = Architectures.read(config);
        Optional<StoredWeights> weights = Optional.empty();
        Optional<Inspection.Needs> needs = Optional.empty();
        if (WEIGHTS.stream().anyMatch(name -> Files.exists(directory.resolve(name)))) {
            try (Checkpoint checkpoint = Checkpoint.open(directory)) {
                StoredWeights stored = StoredWeights.read(checkpoint, config, architecture);
                weights = Optional.of(stored);
                needs = Optional.of(needs(Model.load(checkpoint), stored, bytesPerSecond));
            }
        }
        Path name = directory.toRealPath().getFileName();
        return new Inspection(name == null ? "model" : name.toString(), Architectures.family(architecture.modelType()),
                architecture, weights, needs, work(architecture), tokenizer(directory),
                ChatTemplate.find(directory).isPresent());
    }

    private static Inspection.Needs needs(Model model, StoredWeights weights, OptionalDouble bytesPerSecond)
            throws IOException {
        int threads = Runtime.getRuntime().availableProcessors();
        int request = Math.min(Inspection.Needs.REQUEST, model.architecture().maxPositions());
        ReadRate rate = bytesPerSecond.isPresent()
                ? ReadRate.given(bytesPerSecond.getAsDouble())
                : ReadRate.measure(weights.files());
        return new Inspection.Needs(CpuBackend.leastMemory(model, request, request, threads),
                CpuBackend.leastMemory(model, Inspection.Needs.WAVE, request, threads), rate);
    }

    /** As a recording runs: no head, and the last layer that routes ends with its router. */
    private static Inspection.Work work(Architecture architecture) {
        int[] routing = architecture.moeLayers();
        int last = routing[routing.length - 1];
        double flops = 0;
        for (int layer = 0; layer <= last; layer++) {
            Architecture.Layer shape = architecture.layers().get(layer);
            flops += Cost.keysValues(architecture, shape.attention());
            for (int position = 0; position < Inspection.Needs.REQUEST; position++) {
                flops += (double) Cost.attend(architecture, shape.attention(), position) / Inspection.Needs.REQUEST;
            }
            flops += switch (shape.feedForward()) {
                case FeedForward.Dense dense -> Cost.mlp(architecture, dense.width());
                case FeedForward.Sparse sparse -> Cost.route(architecture, sparse)
                        + (layer == last ? 0 : Cost.experts(architecture, sparse));
            };
        }
        return new Inspection.Work(Parameters.total(architecture), Parameters.active(architecture), flops);
    }

    private static String tokenizer(Path directory) {
        Optional<Path> file = Tokenizer.find(directory);
        if (file.isPresent()) {
            return file.get().getFileName().toString();
        }
        return OTHER_TOKENIZERS.stream().filter(name -> Files.isRegularFile(directory.resolve(name))).findFirst()
                .map(name -> name + " only, which this build does not read: give token ids, or add a tokenizer.json")
                .orElse("none: workloads have to be token ids");
    }
}
