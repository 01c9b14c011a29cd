package io.moeplan.recording.imports;

import io.moeplan.recording.maps.EngineMap;
import io.moeplan.recording.maps.EngineMaps;
import io.moeplan.tensors.gguf.GgufFile;
import io.moeplan.tensors.torch.TorchArchive;
import io.moeplan.tensors.torch.Value;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Tells by content what loads a file or folder holds. */
final class Detector {
    private Detector() {}

    /** @throws IOException if it holds none that can be read, saying what it is instead */
    static SourceFormat detect(Path source) throws IOException {
        Optional<EngineMap> map = Files.isRegularFile(source) ? EngineMaps.find(source) : Optional.empty();
        if (map.isPresent()) {
            throw new IOException(source + ": is an expert map (" + map.get().engine().label()
                    + "), which holds no loads to import");
        }
        Optional<SourceFormat> found = find(source);
        if (found.isPresent()) {
            return found.get();
        }
        Optional<String> other = OtherFiles.describe(source).stream().findFirst();
        throw new IOException(source + ": " + other.map(what -> "is " + what + ", which holds no loads to import")
                .orElse("not recognised as anything that holds loads; name its format with --from "
                        + Arrays.stream(SourceFormat.values()).map(SourceFormat::label)
                                .collect(Collectors.joining("|"))));
    }

    /** Empty if it holds no loads; throws if it is damaged. */
    static Optional<SourceFormat> find(Path source) throws IOException {
        if (Files.isDirectory(source)) {
            return ofFolder(source);
        }
        return switch (FirstBytes.of(source)) {
            case ZIP -> ofArchive(source);
            case NUMPY -> Optional.of(SourceFormat.COUNT_MATRIX);
            case GGUF -> ofGguf(source);
            case JSON_OBJECT -> ofJson(source);
            case JSON_ARRAY -> ofArray(source);
            case TEXT -> CountText.looksLikeOne(source) ? Optional.of(SourceFormat.COUNT_MATRIX) : Optional.empty();
            // the archive reader says what is wrong with it
            case PICKLE -> Optional.of(SourceFormat.SGLANG);
            default -> Optional.empty();
        };
    }

    private static Optional<SourceFormat> ofFolder(Path folder) throws IOException {
        if (TensorRtLlmDump.isOne(folder)) {
            return Optional.of(SourceFormat.TENSORRT_LLM);
        }
        try (Stream<Path> entries = Files.list(folder)) {
            Optional<Path> archive = entries.filter(file -> file.toString().endsWith(".pt")).sorted().findFirst();
            return archive.isPresent()
                    ? ofArchive(archive.get()).filter(SourceFormat.SGLANG::equals)
                    : Optional.empty();
        }
    }

    private static Optional<SourceFormat> ofArchive(Path file) throws IOException {
        try (TorchArchive archive = TorchArchive.open(file)) {
            if (SglangDump.isOne(archive)) {
                return Optional.of(SourceFormat.SGLANG);
            }
            boolean map = archive.root() instanceof Value.Dict dict && dict.get("physical_to_logical_map") != null;
            return map ? Optional.empty() : Optional.of(SourceFormat.COUNT_MATRIX);
        }
    }

    private static Optional<SourceFormat> ofGguf(Path file) throws IOException {
        try (GgufFile gguf = GgufFile.open(file)) {
            return Imatrix.isOne(gguf) ? Optional.of(SourceFormat.LLAMA_IMATRIX) : Optional.empty();
        }
    }

    /** Outputs, other objects, or numbers. */
    private static Optional<SourceFormat> ofArray(Path file) throws IOException {
        if (!Lines.isArrayOfObjects(file)) {
            return Optional.of(SourceFormat.COUNT_MATRIX);
        }
        return isOutputs(file) ? Optional.of(SourceFormat.ROUTED_EXPERTS) : Optional.empty();
    }

    private static Optional<SourceFormat> ofJson(Path file) throws IOException {
        if (CountJson.isOne(file)) {
            return Optional.of(SourceFormat.COUNT_MATRIX);
        }
        return isOutputs(file) ? Optional.of(SourceFormat.ROUTED_EXPERTS) : Optional.empty();
    }

    /** Whether one of the first values has routed experts; failed requests may come before. */
    private static boolean isOutputs(Path file) throws IOException {
        boolean[] found = {false};
        Lines.forEach(file, (value, number, done) -> {
            found[0] = CapturedOutput.isOne(value);
            return value.isObject() && !found[0] && number < 100;
        });
        return found[0];
    }
}
