package io.moeplan.recording.maps;

import com.fasterxml.jackson.databind.JsonNode;
import io.moeplan.eplb.dispatch.Engine;
import io.moeplan.eplb.export.SglangExporter;
import io.moeplan.tensors.StridedTensor;
import io.moeplan.tensors.npy.NpyFile;
import io.moeplan.tensors.torch.TorchArchive;
import io.moeplan.tensors.torch.Value;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Reads the maps that engines load: SGLang's ({@code .json} or {@code .pt}) and DeepSeek's {@code physical_to_logical_map},
 * vLLM's lists, TensorRT-LLM's YAML, vllm-ascend's layers of devices.
 */
public final class EngineMaps {
    private static final String PHYSICAL = SglangExporter.KEY;
    private static final int MOST_SLOTS = 1 << 22;

    private EngineMaps() {}

    /**
     * Reads a map of whatever engine's, if the file is one beyond doubt.
     *
     * @return empty if it is something else, or could be
     * @throws IOException if there is no such file, or it is a damaged map
     */
    public static Optional<EngineMap> find(Path file) throws IOException {
        return read(file, null);
    }

    /**
     * Reads a map of an engine's, if the file is one rather than that engine's outputs or loads.
     *
     * @return empty if it is something else
     * @throws IOException if there is no such file, or it is a damaged map
     */
    public static Optional<EngineMap> find(Engine engine, Path file) throws IOException {
        if (engine == Engine.VLLM && MapText.isListOfNumbers(file)) {
            return Optional.of(read(engine, file));
        }
        return find(file).filter(map -> map.engine() == engine);
    }

    /**
     * Reads a map of an engine's.
     *
     * @throws IOException if the file is none, in one line
     */
    public static EngineMap read(Engine engine, Path file) throws IOException {
        return read(file, engine).orElseThrow(() -> new IOException(
                file + ": no map of " + engine.label() + "'s: expected " + MapFormats.expected(engine)));
    }

    /** @param engine null for any */
    private static Optional<EngineMap> read(Path file, Engine engine) throws IOException {
        if (!Files.isRegularFile(file)) {
            throw new IOException(file + ": " + (Files.isDirectory(file) ? "is a folder, no map" : "no such file"));
        }
        Optional<EngineMap> found = switch (MapText.kind(file)) {
            case ARCHIVE -> ofArchive(file, engine);
            case ARRAY -> ofNumpy(file, engine);
            case JSON, YAML -> ofText(file, engine);
            case OTHER -> Optional.empty();
        };
        return found.isPresent() ? Optional.of(found.get().checked()) : found;
    }

    private static Optional<EngineMap> ofText(Path file, Engine engine) throws IOException {
        Optional<JsonNode> tree = MapText.tree(file, engine);
        if (tree.isEmpty()) {
            return Optional.empty();
        }
        MapFormats formats = new MapFormats(file, tree.get());
        return engine == null ? formats.any() : formats.of(engine);
    }

    private static Optional<EngineMap> ofArchive(Path file, Engine engine) throws IOException {
        if (engine != null && engine != Engine.SGLANG && engine != Engine.DEEPSEEK) {
            return Optional.empty();
        }
        try (TorchArchive archive = TorchArchive.open(file)) {
            boolean dict = archive.root() instanceof Value.Dict;
            Value found = archive.root() instanceof Value.Dict entries ? entries.get(PHYSICAL) : archive.root();
            // A tensor by itself may be anything, unless somebody says what it is.
            if (!(found instanceof Value.Tensor(StridedTensor tensor)) || (!dict && engine == null)) {
                return Optional.empty();
            }
            boolean deepseek = engine == Engine.DEEPSEEK
                    || (engine == null && archive.root() instanceof Value.Dict all
                            && all.get("logical_to_physical_map") != null);
            return Optional.of(ofTensor(file, deepseek ? Engine.DEEPSEEK : Engine.SGLANG, tensor));
        }
    }

    private static Optional<EngineMap> ofNumpy(Path file, Engine engine) throws IOException {
        if (engine != Engine.DEEPSEEK) {
            return Optional.empty();
        }
        try (NpyFile array = NpyFile.open(file)) {
            return Optional.of(ofTensor(file, engine, array.array()));
        }
    }

    private static EngineMap ofTensor(Path file, Engine engine, StridedTensor tensor) throws IOException {
        boolean sound = tensor.isWhole() && tensor.rank() == 2 && tensor.elements() > 0
                && tensor.elements() <= MOST_SLOTS;
        if (!sound) {
            throw new IOException(file + ": the map is " + tensor + ", expected whole numbers [layers][slots], at most "
                    + MOST_SLOTS);
        }
        int[] all = tensor.toInts();
        int width = (int) tensor.size(1);
        int[][] slots = new int[(int) tensor.size(0)][width];
        for (int i = 0; i < all.length; i++) {
            slots[i / width][i % width] = all[i];
        }
        return new EngineMap(file, engine, rows(engine), null, slots, 0);
    }

    static EngineMap.Rows rows(Engine engine) {
        return engine == Engine.SGLANG ? EngineMap.Rows.DECODER_LAYERS : EngineMap.Rows.MOE_LAYERS;
    }
}
