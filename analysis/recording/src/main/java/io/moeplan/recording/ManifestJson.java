package io.moeplan.recording;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.moeplan.tensors.JsonProblem;
import java.io.CharConversionException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** {@link Manifest} to JSON and back. Fields that a later moeplan may add are ignored. */
final class ManifestJson {
    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final DefaultPrettyPrinter PRINTER = new DefaultPrettyPrinter()
            .withObjectIndenter(new DefaultIndenter("  ", "\n"));
    private static final int MOST_BYTES = 4 << 20;
    /** Not known when the recording begins, so kept out of the Arrow files' metadata. */
    private static final Set<String> KNOWN_AT_END = Set.of("tokens", "requests", "timing", "complete");

    private ManifestJson() {}

    static ObjectNode toJson(Manifest manifest) {
        ObjectNode json = MAPPER.createObjectNode();
        json.put("format", Manifest.FORMAT).put("version", Manifest.VERSION).put("tool_version",
                manifest.toolVersion());
        json.putObject("model").put("name", manifest.model().name()).put("model_type", manifest.model().modelType())
                .put("config_digest", manifest.model().configDigest())
                .put("weights_digest", manifest.model().weightsDigest());
        json.put("num_hidden_layers", manifest.numHiddenLayers());
        manifest.layerIds().forEach(json.putArray("layer_ids")::add);
        json.put("num_experts", manifest.numExperts()).put("top_k", manifest.topK()).put("num_groups",
                manifest.numGroups());
        json.put("mode", manifest.mode().label()).put("pass_tokens", manifest.passTokens());
        json.put("workload_digest", manifest.workloadDigest());
        ObjectNode madeBy = json.putObject("made_by");
        switch (manifest.origin()) {
            case Origin.Engine(String engine, String device, String precision) ->
                madeBy.put("engine", engine).put("device", device).put("precision", precision);
            case Origin.Import(String importer, Set<Absent> absent) -> {
                ArrayNode labels = madeBy.put("importer", importer).putArray("absent");
                absent.stream().sorted().map(Absent::label).forEach(labels::add);
            }
        }
        json.put("tokens", manifest.tokens()).put("requests", manifest.requests());
        Timing timing = manifest.timing();
        if (timing == null) {
            json.putNull("timing");
        } else {
            json.putObject("timing").put("load_seconds", timing.loadSeconds())
                    .put("prefill_seconds", timing.prefillSeconds())
                    .put("tokens_per_second", timing.tokensPerSecond());
        }
        return json.put("complete", manifest.complete());
    }

    /** One entry per field, text as it is and everything else as JSON. */
    static Map<String, String> schemaMetadata(Manifest manifest) {
        Map<String, String> metadata = new LinkedHashMap<>();
        toJson(manifest).properties().forEach(field -> {
            if (!KNOWN_AT_END.contains(field.getKey()) && !field.getValue().isNull()) {
                JsonNode value = field.getValue();
                metadata.put(field.getKey(), value.isTextual() ? value.textValue() : value.toString());
            }
        });
        return metadata;
    }

    static void write(Manifest manifest, Path file) throws IOException {
        Path temporary = file.resolveSibling(file.getFileName() + ".tmp");
        try {
            Files.writeString(temporary, MAPPER.writer(PRINTER).writeValueAsString(toJson(manifest)) + "\n");
            Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            Files.deleteIfExists(temporary);
            throw FileFault.writing(file, "the one there before, if any, was kept", e);
        }
    }

    static Manifest read(Path file) throws IOException {
        byte[] bytes;
        try (InputStream in = Files.newInputStream(file)) {
            bytes = in.readNBytes(MOST_BYTES + 1);
        } catch (IOException e) {
            throw FileFault.reading(file, "a recording is a directory with a " + Manifest.FILE_NAME, e);
        }
        if (bytes.length > MOST_BYTES) {
            throw new IOException(file + ": more than " + MOST_BYTES + " bytes are too many for a manifest");
        }
        try {
            return fromJson(MAPPER.readTree(bytes));
        } catch (CharConversionException e) {
            throw new IOException(file + ": no text in UTF-8", e);
        } catch (JsonProcessingException e) {
            String place = e.getLocation() == null
                    ? ""
                    : " line " + e.getLocation().getLineNr() + " column " + e.getLocation().getColumnNr() + ":";
            throw new IOException(file + ":" + place + " not JSON: " + JsonProblem.of(e), e);
        } catch (IllegalArgumentException e) {
            throw new IOException(file + ": " + e.getMessage(), e);
        }
    }

    private static Manifest fromJson(JsonNode json) {
        if (!Manifest.FORMAT.equals(json.path("format").asText())) {
            throw new IllegalArgumentException("not a recording's manifest: format is not \"" + Manifest.FORMAT + "\"");
        }
        int version = integer(json, "version");
        if (version != Manifest.VERSION) {
            throw new IllegalArgumentException("version is " + version + ", this moeplan reads version "
                    + Manifest.VERSION + "; use the moeplan that wrote it (tool_version)");
        }
        JsonNode model = object(json, "model");
        return new Manifest(text(json, "tool_version"),
                new Manifest.Model(text(model, "name"), text(model, "model_type"), textOrNull(model, "config_digest"),
                        textOrNull(model, "weights_digest")),
                integer(json, "num_hidden_layers"), layerIds(json), integer(json, "num_experts"),
                integer(json, "top_k"), integer(json, "num_groups"), Mode.ofLabel(text(json, "mode")),
                integer(json, "pass_tokens"), textOrNull(json, "workload_digest"), origin(object(json, "made_by")),
                wholeNumber(json, "tokens"), wholeNumber(json, "requests"), timing(json), flag(json, "complete"));
    }

    private static Origin origin(JsonNode json) {
        return json.has("importer")
                ? new Origin.Import(text(json, "importer"), absent(json))
                : new Origin.Engine(text(json, "engine"), text(json, "device"), text(json, "precision"));
    }

    /** What a later moeplan may know of besides is ignored. */
    private static Set<Absent> absent(JsonNode json) {
        Set<Absent> absent = EnumSet.noneOf(Absent.class);
        for (JsonNode label : json.path("absent")) {
            Absent.ofLabel(label.asText()).ifPresent(absent::add);
        }
        return absent;
    }

    private static Timing timing(JsonNode json) {
        if (json.path("timing").isMissingNode() || json.path("timing").isNull()) {
            return null;
        }
        JsonNode timing = object(json, "timing");
        return new Timing(number(timing, "load_seconds"), number(timing, "prefill_seconds"),
                number(timing, "tokens_per_second"));
    }

    private static List<Integer> layerIds(JsonNode json) {
        JsonNode array = json.path("layer_ids");
        List<Integer> ids = new ArrayList<>();
        for (JsonNode id : array) {
            if (!id.isInt()) {
                throw new IllegalArgumentException("layer_ids holds " + id + ", expected whole numbers");
            }
            ids.add(id.intValue());
        }
        return ids;
    }

    private static JsonNode object(JsonNode json, String name) {
        JsonNode value = json.path(name);
        return expect(value.isObject(), value, name, "an object");
    }

    private static String text(JsonNode json, String name) {
        JsonNode value = json.path(name);
        return expect(value.isTextual(), value, name, "text").textValue();
    }

    private static String textOrNull(JsonNode json, String name) {
        return json.path(name).isMissingNode() || json.path(name).isNull() ? null : text(json, name);
    }

    private static int integer(JsonNode json, String name) {
        JsonNode value = json.path(name);
        return expect(value.isInt(), value, name, "a whole number").intValue();
    }

    private static long wholeNumber(JsonNode json, String name) {
        JsonNode value = json.path(name);
        return expect(value.isInt() || value.isLong(), value, name, "a whole number").longValue();
    }

    private static double number(JsonNode json, String name) {
        JsonNode value = json.path(name);
        return expect(value.isNumber(), value, name, "a number").doubleValue();
    }

    private static boolean flag(JsonNode json, String name) {
        JsonNode value = json.path(name);
        return expect(value.isBoolean(), value, name, "true or false").booleanValue();
    }

    private static JsonNode expect(boolean holds, JsonNode value, String name, String kind) {
        if (!holds) {
            String found = value.isMissingNode() ? "missing" : value.getNodeType().name().toLowerCase(Locale.ROOT);
            throw new IllegalArgumentException(name + " is " + found + ", expected " + kind);
        }
        return value;
    }
}
