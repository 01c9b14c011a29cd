package io.moeplan.recording.imports;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.moeplan.tensors.JsonProblem;
import java.io.CharConversionException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The values of a JSON Lines file, or of one array, one at a time. */
final class Lines {
    private static final int DEEPEST = 64;

    /** Takes a value, its number from 1 on, and the share of the file that was read. */
    @FunctionalInterface
    interface Visitor {
        /** Returns whether to go on. */
        boolean value(JsonNode value, long number, double done) throws IOException;
    }

    private Lines() {}

    /** Whether a file begins with an array whose first item is an object. */
    static boolean isArrayOfObjects(Path file) throws IOException {
        try (JsonParser json = new JsonFactory().createParser(file.toFile())) {
            return json.nextToken() == JsonToken.START_ARRAY && json.nextToken() == JsonToken.START_OBJECT;
        } catch (CharConversionException | JsonProcessingException e) {
            return false;
        }
    }

    /** @throws IOException if the file is no JSON, naming the line */
    static void forEach(Path file, Visitor visitor) throws IOException {
        int longest = (int) Math.min(Runtime.getRuntime().maxMemory() / 16, Integer.MAX_VALUE - 8);
        JsonFactory factory = JsonFactory.builder().streamReadConstraints(
                StreamReadConstraints.builder().maxStringLength(longest).maxNestingDepth(DEEPEST).build()).build();
        long size = Math.max(1, Files.size(file));
        try (JsonParser json = new ObjectMapper(factory).createParser(file.toFile())) {
            long number = 0;
            for (JsonToken token = json.nextToken(); token != null; token = json.nextToken()) {
                boolean array = number == 0 && token == JsonToken.START_ARRAY;
                if (array || token == JsonToken.END_ARRAY) {
                    continue;
                }
                JsonNode value = json.readValueAsTree();
                double done = Math.min(1.0, (double) json.currentLocation().getByteOffset() / size);
                if (!visitor.value(value, ++number, done)) {
                    return;
                }
            }
        } catch (CharConversionException e) {
            throw new IOException(file + ": no text in UTF-8", e);
        } catch (JsonProcessingException e) {
            String line = e.getLocation() == null ? "" : "line " + e.getLocation().getLineNr() + ": ";
            throw new IOException(file + ": " + line + "not JSON: " + JsonProblem.of(e), e);
        }
    }
}
