package io.moeplan.engine.text;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.moeplan.tensors.JsonProblem;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Where a model directory keeps its chat template and special tokens. */
final class ChatTemplateFiles {
    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final long MAX_FILE = 64L << 20;

    private final Path directory;

    ChatTemplateFiles(Path directory) {
        this.directory = directory;
    }

    Optional<ChatTemplate> find() throws IOException {
        Path plain = directory.resolve("chat_template.jinja");
        if (Files.isRegularFile(plain)) {
            return Optional.of(new ChatTemplate(plain, text(plain), null, specialTokens()));
        }
        for (String name : List.of("tokenizer_config.json", "chat_template.json")) {
            Path file = directory.resolve(name);
            JsonNode template = json(file).path("chat_template");
            if (!template.isMissingNode() && !template.isNull()) {
                return Optional.of(of(file, template));
            }
        }
        return Optional.empty();
    }

    /** A template given as text, or as a list of named ones with a default. */
    private ChatTemplate of(Path file, JsonNode template) throws IOException {
        if (template.isTextual()) {
            return new ChatTemplate(file, template.textValue(), null, specialTokens());
        }
        Map<String, String> named = new HashMap<>();
        for (JsonNode entry : template) {
            named.put(entry.path("name").asText(), entry.path("template").textValue());
        }
        if (named.get("default") == null) {
            throw new IOException(file + ": chat_template is neither text nor a list with a template named default");
        }
        return new ChatTemplate(file, named.get("default"), named.get("tool_use"), specialTokens());
    }

    /** {@code bos_token} and the like, each given as text or as an object with content. */
    private Map<String, Object> specialTokens() throws IOException {
        Map<String, Object> tokens = new HashMap<>();
        for (String name : List.of("tokenizer_config.json", "special_tokens_map.json")) {
            for (Map.Entry<String, JsonNode> entry : json(directory.resolve(name)).properties()) {
                String token = token(entry.getValue());
                if (entry.getKey().endsWith("_token") && token != null) {
                    tokens.putIfAbsent(entry.getKey(), token);
                } else if (entry.getKey().equals("additional_special_tokens")) {
                    tokens.putIfAbsent(entry.getKey(), tokens(entry.getValue()));
                }
            }
        }
        return tokens;
    }

    private static String token(JsonNode value) {
        return value.isObject() ? value.path("content").textValue() : value.textValue();
    }

    private static List<String> tokens(JsonNode values) {
        List<String> tokens = new ArrayList<>();
        for (JsonNode value : values) {
            if (token(value) != null) {
                tokens.add(token(value));
            }
        }
        return tokens;
    }

    private static JsonNode json(Path file) throws IOException {
        if (!Files.isRegularFile(file)) {
            return MAPPER.createObjectNode();
        }
        try {
            return MAPPER.readTree(text(file));
        } catch (JsonProcessingException e) {
            throw new IOException(JsonProblem.in(file, e), e);
        }
    }

    private static String text(Path file) throws IOException {
        if (Files.size(file) > MAX_FILE) {
            throw new IOException(file + ": larger than any chat template, " + Files.size(file) + " bytes");
        }
        try {
            return Files.readString(file);
        } catch (CharacterCodingException e) {
            throw new IOException(file + ": not UTF-8 text", e);
        }
    }
}
