package io.moeplan.tensors;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** Reads {@code model.safetensors.index.json}: which shard holds which tensor. */
final class ShardIndex {
    private static final long MAX_BYTES = 200_000_000;

    private ShardIndex() {}

    /**
     * @return shard file name by tensor name; every shard name is a plain file name
     * @throws CheckpointException if it is not such an index, repeats a tensor or points outside the directory
     */
    static Map<String, String> read(Path file) throws IOException {
        if (Files.size(file) > MAX_BYTES) {
            throw new CheckpointException(file, "larger than " + MAX_BYTES + " bytes, which no index is");
        }
        Map<String, String> shards = new LinkedHashMap<>();
        try (JsonParser parser = new JsonFactory().createParser(Files.readAllBytes(file))) {
            require(file, parser.nextToken() == JsonToken.START_OBJECT, "is not a JSON object");
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                boolean map = parser.currentName().equals("weight_map");
                parser.nextToken();
                if (map) {
                    readMap(file, parser, shards);
                } else {
                    parser.skipChildren();
                }
            }
        } catch (JsonProcessingException e) {
            throw new CheckpointException(file, "not JSON at byte "
                    + (e.getLocation() == null ? 0 : Math.max(0, e.getLocation().getByteOffset())), e);
        }
        require(file, !shards.isEmpty(), "names no tensors (no weight_map)");
        return shards;
    }

    private static void readMap(Path file, JsonParser parser, Map<String, String> into) throws IOException {
        require(file, parser.currentToken() == JsonToken.START_OBJECT, "weight_map is not a JSON object");
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String tensor = parser.currentName();
            require(file, parser.nextToken() == JsonToken.VALUE_STRING, "weight_map." + tensor + " is not a string");
            String shard = parser.getText();
            require(file, isPlainName(shard), "weight_map." + tensor + " points outside the directory: " + shard);
            require(file, into.put(tensor, shard) == null, "weight_map names " + tensor + " twice");
        }
    }

    private static boolean isPlainName(String name) {
        return !name.isEmpty() && !name.equals(".") && !name.equals("..") && name.length() < 256
                && name.chars().noneMatch(c -> c == '/' || c == '\\' || c == ':' || c < ' ');
    }

    private static void require(Path file, boolean condition, String problem) throws IOException {
        if (!condition) {
            throw new CheckpointException(file, problem);
        }
    }
}
