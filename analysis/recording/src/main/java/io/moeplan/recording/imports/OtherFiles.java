package io.moeplan.recording.imports;

import com.fasterxml.jackson.databind.JsonNode;
import io.moeplan.recording.Manifest;
import io.moeplan.recording.Recording;
import io.moeplan.tensors.Printable;
import io.moeplan.tensors.SafetensorsFile;
import io.moeplan.tensors.gguf.GgufFile;
import io.moeplan.tensors.torch.TorchArchive;
import io.moeplan.tensors.torch.Value;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** What files and folders are that hold no loads to import: recordings, plans, engines' maps, models. */
final class OtherFiles {
    private static final int NAMES_SHOWN = 8;
    private static final List<String> WORKLOAD = List.of("custom_id", "prompt", "messages", "text", "conversations",
            "prompt_token_ids", "input_ids");

    private OtherFiles() {}

    /** Lines, the first of them completing "is ..."; none if nothing is known about it. */
    static List<String> describe(Path source) throws IOException {
        if (Files.isDirectory(source)) {
            return folder(source);
        }
        return switch (FirstBytes.of(source)) {
            case EMPTY -> List.of("an empty file");
            case SAFETENSORS -> safetensors(source);
            case GGUF -> gguf(source);
            case ZIP -> archive(source);
            case JSON_OBJECT -> json(source);
            case NUMPY -> List.of("a NumPy array");
            default -> List.of();
        };
    }

    private static List<String> folder(Path folder) throws IOException {
        if (Files.isRegularFile(folder.resolve(Manifest.FILE_NAME))) {
            return recording(Recording.open(folder).manifest());
        }
        if (Files.isRegularFile(folder.resolve("config.json"))) {
            List<String> lines = new ArrayList<>(List.of("a model's folder"));
            lines.addAll(config(folder.resolve("config.json")));
            return lines;
        }
        return List.of();
    }

    private static List<String> recording(Manifest manifest) {
        List<String> lines = new ArrayList<>();
        lines.add("a moeplan recording" + (manifest.complete() ? "" : ", not complete"));
        lines.add("model: " + manifest.model().name() + " (" + manifest.model().modelType() + ")");
        lines.add("shape: " + manifest.layers() + " MoE layers, " + manifest.numExperts() + " experts each, top-"
                + manifest.topK());
        lines.add("mode: " + manifest.mode().label());
        lines.add("size: " + manifest.tokens() + " tokens, " + manifest.requests() + " requests");
        lines.add("made by: " + Inspection.madeBy(manifest.origin()));
        return lines;
    }

    private static List<String> config(Path file) throws IOException {
        List<String> lines = new ArrayList<>();
        Lines.forEach(file, (value, number, done) -> {
            lines.add("model_type: " + value.path("model_type").asText("not told"));
            return false;
        });
        return lines;
    }

    private static List<String> safetensors(Path file) throws IOException {
        try (SafetensorsFile opened = SafetensorsFile.open(file)) {
            return List.of("a safetensors file", "tensors: " + names(opened.names().stream().toList()));
        }
    }

    private static List<String> gguf(Path file) throws IOException {
        try (GgufFile opened = GgufFile.open(file)) {
            Object type = opened.metadata().getOrDefault("general.type", "model");
            return List.of("a GGUF file (" + type + ") without expert counts",
                    "tensors: " + names(opened.types().keySet().stream().toList()));
        }
    }

    private static List<String> archive(Path file) throws IOException {
        try (TorchArchive archive = TorchArchive.open(file)) {
            boolean map = archive.root() instanceof Value.Dict dict && dict.get("physical_to_logical_map") != null;
            List<String> lines = new ArrayList<>();
            lines.add(map ? "an SGLang expert map" : "a PyTorch archive");
            lines.addAll(contents(archive.root()));
            return lines;
        }
    }

    /** One level of what an archive holds. */
    static List<String> contents(Value root) {
        if (root instanceof Value.Dict dict) {
            return dict.entries().entrySet().stream().limit(NAMES_SHOWN)
                    .map(entry -> Printable.of(entry.getKey().toString()) + ": " + entry.getValue().kind())
                    .toList();
        }
        return List.of("holds: " + root.kind());
    }

    private static List<String> json(Path file) throws IOException {
        List<String> lines = new ArrayList<>();
        Lines.forEach(file, (value, number, done) -> {
            lines.addAll(object(value));
            return false;
        });
        return lines;
    }

    private static List<String> object(JsonNode json) {
        if (json.path("format").asText().equals("moeplan-plan")) {
            return List.of("a moeplan plan", "algorithm: " + json.path("algorithm").asText("not told"),
                    "layers: " + json.path("layers").size());
        }
        if (json.has("moe_layer_count") && json.has("layer_list")) {
            return List.of("a vllm-ascend expert map", "layers: " + json.path("layer_list").size(), "devices: "
                    + json.path("layer_list").path(0).path("device_list").size());
        }
        if (json.has("physical_to_logical_map")) {
            return List.of("an SGLang or DeepSeek expert map",
                    "layers: " + json.path("physical_to_logical_map").size(),
                    "slots: " + json.path("physical_to_logical_map").path(0).size());
        }
        if (json.has("expert_to_ep_rank")) {
            return List.of("a vLLM expert placement");
        }
        if (json.has("model_type")) {
            return List.of("a model's config.json", "model_type: " + json.path("model_type").asText());
        }
        if (WORKLOAD.stream().anyMatch(json::has)) {
            return List.of("a workload; record it with moeplan record");
        }
        return List.of("JSON", "keys: " + names(json.properties().stream().map(entry -> entry.getKey()).toList()));
    }

    private static String names(List<String> names) {
        String some = names.stream().limit(NAMES_SHOWN).map(Printable::of).collect(Collectors.joining(", "));
        return names.size() > NAMES_SHOWN ? some + ", and " + (names.size() - NAMES_SHOWN) + " more" : some;
    }
}
