package io.moeplan.recording.maps;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.moeplan.eplb.dispatch.Engine;
import io.moeplan.tensors.JsonProblem;
import java.io.CharConversionException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Pattern;
import org.yaml.snakeyaml.LoaderOptions;

/** Maps that are text, as trees. */
final class MapText {
    /** What a file's first bytes say. */
    enum Kind {
        ARCHIVE, ARRAY, JSON, YAML, OTHER
    }

    private static final int LOOKED_AT = 4096;
    /** Lists of lists may be counts; they are looked into only up to this. */
    private static final long MOST_UNDECIDED = 16 << 20;
    /** A line of YAML, after comments: {@code key:}. */
    private static final Pattern YAML_BEGINS = Pattern.compile("(?:[ \\t]*(?:#[^\\n]*)?\\r?\\n)*+[ \\t]*\\w+[ \\t]*:");
    private static final Pattern YAML_KEY = Pattern.compile(
            "(?m)^[ \\t]*(?:num_slots|initial_global_assignments)[ \\t]*:");
    /** Quotes inside of a JSON string are escaped, so this is no part of one. */
    private static final Pattern JSON_KEY = Pattern.compile("(?<!\\\\)\"(?:physical_to_logical_map|moe_layer_count"
            + "|layer_list|expert_to_ep_rank|initial_global_assignments|logical_to_physical_map)\"\\s*:");
    private static final Pattern NUMBERS = Pattern.compile("\\[\\s*(\\[\\s*)?\\d");
    private static final Pattern FLAT_LIST = Pattern.compile("\\[\\s*\\d");
    private static final ObjectMapper JSON = JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS).build();
    /** Trees take some ten times the bytes of their text. */
    private static final int SHARE_OF_HEAP = 32;

    private MapText() {}

    static Kind kind(Path file) throws IOException {
        byte[] head;
        try (InputStream in = Files.newInputStream(file)) {
            head = in.readNBytes(LOOKED_AT);
        }
        String latin = new String(head, StandardCharsets.ISO_8859_1);
        if (latin.startsWith("PK\3\4")) {
            return Kind.ARCHIVE;
        }
        if (latin.startsWith("\u0093NUMPY")) {
            return Kind.ARRAY;
        }
        for (byte each : head) {
            if (each >= 0 && each < ' ' && each != '\n' && each != '\r' && each != '\t') {
                return Kind.OTHER;
            }
        }
        String text = new String(head, StandardCharsets.UTF_8).replace("\ufeff", "").strip();
        if (text.isEmpty()) {
            return Kind.OTHER;
        }
        return text.charAt(0) == '{' || text.charAt(0) == '[' ? Kind.JSON : Kind.YAML;
    }

    /**
     * The tree of a text.
     *
     * @param engine what it is said to be of, null if nobody says: then it must have a map's keys, or be a list
     */
    static Optional<JsonNode> tree(Path file, Engine engine) throws IOException {
        boolean yaml = kind(file) == Kind.YAML || engine == Engine.TENSORRT_LLM;
        if (engine == null && !looksLikeOne(file, yaml)) {
            return Optional.empty();
        }
        if (yaml && engine != null && engine != Engine.TENSORRT_LLM) {
            return Optional.empty();
        }
        long most = Runtime.getRuntime().maxMemory() / SHARE_OF_HEAP;
        if (Files.size(file) > most) {
            throw new IOException(file + ": " + Files.size(file) + " bytes are too many for a map; more than " + most
                    + " are read with more memory (-Xmx)");
        }
        try (InputStream in = Files.newInputStream(file)) {
            JsonNode tree = (yaml ? yaml(Files.size(file)) : JSON).readTree(in);
            return tree == null || tree.isMissingNode() ? Optional.empty() : Optional.of(tree);
        } catch (CharConversionException e) {
            throw new IOException(file + ": no text in UTF-8", e);
        } catch (JsonProcessingException e) {
            if (engine == null && !yaml && isListOfNumbers(file)) {
                return Optional.empty();
            }
            if (isNoText(e)) {
                throw new IOException(file + ": no text in UTF-8", e);
            }
            String line = e.getLocation() == null ? "" : "line " + e.getLocation().getLineNr() + ": ";
            throw new IOException(file + ": " + line + "not " + (yaml ? "YAML" : "JSON") + ": "
                    + JsonProblem.of(e), e);
        }
    }

    /** YAML's parser wraps what the decoder says. */
    private static boolean isNoText(Throwable e) {
        return e != null && (e instanceof CharConversionException || isNoText(e.getCause()));
    }

    /** Aliases are not followed, and nesting is bounded. */
    private static ObjectMapper yaml(long bytes) {
        LoaderOptions options = new LoaderOptions();
        options.setCodePointLimit((int) Math.min(Integer.MAX_VALUE, Math.max(1024, bytes)));
        return new YAMLMapper(YAMLFactory.builder().loaderOptions(options).build());
    }

    /** Whether it is JSON that begins like one list of numbers, or like a list of such lists. */
    static boolean isListOfNumbers(Path file) throws IOException {
        return NUMBERS.matcher(head(file)).lookingAt();
    }

    /** Spares parsing workloads, counts and other text that is large. */
    private static boolean looksLikeOne(Path file, boolean yaml) throws IOException {
        String head = head(file);
        if (yaml) {
            return YAML_BEGINS.matcher(head).lookingAt() && YAML_KEY.matcher(head).find();
        }
        return JSON_KEY.matcher(head).find() || FLAT_LIST.matcher(head).lookingAt()
                || (NUMBERS.matcher(head).lookingAt() && Files.size(file) <= MOST_UNDECIDED);
    }

    private static String head(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            return new String(in.readNBytes(LOOKED_AT), StandardCharsets.UTF_8).replace("\ufeff", "").strip();
        }
    }
}
