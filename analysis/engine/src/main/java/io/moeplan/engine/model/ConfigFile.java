package io.moeplan.engine.model;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.CharConversionException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * A file of configuration, read and parsed.
 *
 * @param digest SHA-256 of its bytes, 64 hexadecimal digits
 * @param root   an object
 */
record ConfigFile(Path file, String digest, JsonNode root) {
    private static final long MAX_BYTES = 10_000_000;
    private static final ObjectMapper JSON = JsonMapper.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .build();

    /** @throws IOException if the file is missing, too large to be a configuration, or not a JSON object */
    static ConfigFile read(Path file) throws IOException {
        if (!Files.isRegularFile(file)) {
            throw new ModelException(file, "no such file");
        }
        if (Files.size(file) > MAX_BYTES) {
            throw new ModelException(file, "larger than " + MAX_BYTES + " bytes, which no model configuration is");
        }
        byte[] bytes = Files.readAllBytes(file);
        return new ConfigFile(file, sha256(bytes), parse(file, bytes));
    }

    private static JsonNode parse(Path file, byte[] bytes) throws IOException {
        JsonNode root;
        try {
            root = JSON.readTree(bytes);
        } catch (JsonProcessingException e) {
            throw ModelException.notJson(file, e);
        } catch (CharConversionException e) {
            throw new ModelException(file, "not valid JSON: no text in UTF-8", e);
        }
        if (!root.isObject()) {
            throw new ModelException(file, "not a JSON object");
        }
        return root;
    }

    private static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
