package io.moeplan.recording.imports;

import com.fasterxml.jackson.databind.JsonNode;
import io.moeplan.eplb.Plan;
import io.moeplan.eplb.Topology;
import io.moeplan.eplb.planfile.PlanFile;
import io.moeplan.recording.Manifest;
import io.moeplan.recording.Recording;
import io.moeplan.tensors.Printable;
import io.moeplan.tensors.SafetensorsFile;
import io.moeplan.tensors.gguf.GgufFile;
import io.moeplan.tensors.torch.TorchArchive;
import io.moeplan.tensors.torch.Value;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What files and folders are that hold no loads to import: recordings, plans, engines' maps, models. */
final class OtherFiles {
    private static final int NAMES_SHOWN = 8;
    private static final int MOST_ENTRIES = 1000;
    private static final int MOST_REQUESTS = 1_000_000;
    private static final String IS_WORKLOAD = "a workload; record it with moeplan record";
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
            case JSON_OBJECT, JSON_ARRAY -> json(source);
            case NUMPY -> List.of("a NumPy array");
            case TEXT -> isPage(source)
                    ? List.of("an HTML page")
                    : List.of("text; as a workload it is one request (moeplan record)");
            default -> byMagic(source);
        };
    }

    private static List<String> folder(Path folder) throws IOException {
        if (Files.isRegularFile(folder.resolve(Manifest.FILE_NAME))) {
            return recording(Recording.open(folder).manifest());
        }
        if (Files.isRegularFile(folder.resolve("config.json"))) {
            List<String> lines = new ArrayList<>(List.of("a model's folder"));
            lines.addAll(config(folder.resolve("config.json")));
            lines.add("more: moeplan models " + folder);
            return lines;
        }
        return entries(folder);
    }

    private static boolean isPage(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            String head = new String(in.readNBytes(16), StandardCharsets.ISO_8859_1).toLowerCase(Locale.ROOT);
            return head.startsWith("<!doctype html") || head.startsWith("<html");
        }
    }

    private static List<String> entries(Path folder) throws IOException {
        try (Stream<Path> entries = Files.list(folder)) {
            List<String> names = entries.limit(MOST_ENTRIES).map(entry -> entry.getFileName().toString()).sorted()
                    .toList();
            return names.isEmpty()
                    ? List.of("an empty folder")
                    : List.of("a folder; inspect what is in it", "holds: " + names(names));
        }
    }

    /** Files that moeplan does not read by themselves. */
    private static List<String> byMagic(Path file) throws IOException {
        byte[] head;
        try (InputStream in = Files.newInputStream(file)) {
            head = in.readNBytes(6);
        }
        String magic = new String(head, StandardCharsets.ISO_8859_1);
        if (magic.equals("ARROW1")) {
            Path folder = file.toAbsolutePath().getParent();
            boolean part = folder != null && Files.isRegularFile(folder.resolve(Manifest.FILE_NAME));
            return List.of("an Arrow file" + (part ? ", part of the recording in its folder" : ""));
        }
        if (magic.startsWith("PAR1")) {
            return List.of("a Parquet file");
        }
        if (magic.startsWith("\u001f\u008b")) {
            return List.of("compressed with gzip; unpack it first");
        }
        return magic.startsWith("(\u00b5/\u00fd")
                ? List.of("compressed with zstd; unpack it first")
                : List.of();
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
            List<String> lines = new ArrayList<>(List.of("a PyTorch archive"));
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
        long[] requests = {0};
        Lines.forEach(file, (value, number, done) -> {
            if (number == 1) {
                lines.addAll(object(file, value));
            }
            requests[0] = number;
            return lines.getFirst().equals(IS_WORKLOAD) && number < MOST_REQUESTS;
        });
        if (!lines.isEmpty() && lines.getFirst().equals(IS_WORKLOAD)) {
            lines.add(1, "requests: " + requests[0] + (requests[0] == MOST_REQUESTS ? " or more" : ""));
        }
        return lines;
    }

    private static List<String> object(Path file, JsonNode json) throws IOException {
        if (json.path("format").asText().equals("moeplan-plan")) {
            return plan(PlanFile.read(file));
        }
        if (json.has("model_type")) {
            return List.of("a model's config.json", "model_type: " + json.path("model_type").asText());
        }
        if (json.has("weight_map")) {
            return List.of("the index of a checkpoint's files", "tensors: " + json.path("weight_map").size());
        }
        if (json.has("added_tokens") && json.has("pre_tokenizer")) {
            return List.of("a tokenizer");
        }
        if (WORKLOAD.stream().anyMatch(json::has)) {
            return List.of(IS_WORKLOAD,
                    "keys: " + names(json.properties().stream().map(entry -> entry.getKey()).toList()));
        }
        return List.of("JSON", "keys: " + names(json.properties().stream().map(entry -> entry.getKey()).toList()));
    }

    private static List<String> plan(Plan plan) {
        Topology topology = plan.topology();
        return List.of("a moeplan plan", "model: " + plan.model().name() + " (" + plan.model().type() + ")",
                "shape: " + plan.layers().size() + " MoE layers, " + plan.model().experts() + " experts each",
                "topology: " + topology.nodes() + (topology.nodes() == 1 ? " node, " : " nodes, ") + topology.gpus()
                        + " GPUs, " + topology.slots() + " slots",
                "algorithm: " + plan.algorithm() + ", objective " + plan.objective() + ", dispatch " + plan.dispatch(),
                "made on: " + plan.recording().steps() + " steps, " + plan.recording().tokens() + " tokens");
    }

    private static String names(List<String> names) {
        String some = names.stream().limit(NAMES_SHOWN).map(Printable::of).collect(Collectors.joining(", "));
        return names.size() > NAMES_SHOWN ? some + ", and " + (names.size() - NAMES_SHOWN) + " more" : some;
    }
}
