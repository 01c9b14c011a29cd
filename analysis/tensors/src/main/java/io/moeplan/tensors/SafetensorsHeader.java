package io.moeplan.tensors;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import java.io.CharConversionException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The JSON header of a safetensors file, read with suspicion: nothing in it is believed before it agrees with itself and
 * with the size of the file (format: github.com/huggingface/safetensors, "Format").
 *
 * @param metadata the free-form {@code __metadata__} strings
 * @param entries  the tensors by name, in the header's order
 */
record SafetensorsHeader(Map<String, String> metadata, Map<String, Entry> entries) {
    private static final int MAX_DIMENSIONS = 16;

    /** Where a tensor lies: bytes {@code [begin, end)} after the header. */
    record Entry(DType type, long[] shape, long begin, long end) {}

    /**
     * @param dataBytes bytes of the file after the header
     * @throws CheckpointException if the header is not JSON, repeats a name, or does not describe exactly those bytes
     */
    static SafetensorsHeader parse(Path file, byte[] json, long dataBytes) throws IOException {
        Map<String, String> metadata = new LinkedHashMap<>();
        Map<String, Entry> entries = new LinkedHashMap<>();
        try (JsonParser parser = new JsonFactory().createParser(json)) {
            expect(file, parser, parser.nextToken(), JsonToken.START_OBJECT, "the header");
            boolean metadataSeen = false;
            while (parser.nextToken() != JsonToken.END_OBJECT) {
                String name = parser.currentName();
                parser.nextToken();
                if (name.equals("__metadata__") && !metadataSeen) {
                    metadataSeen = true;
                    readMetadata(file, parser, metadata);
                } else if (name.equals("__metadata__") || entries.put(name, readEntry(file, parser, name)) != null) {
                    throw new CheckpointException(file, "the header names " + name + " twice");
                }
            }
            if (parser.nextToken() != null) {
                throw new CheckpointException(file, "the header goes on after its closing brace");
            }
        } catch (CharConversionException e) {
            throw new CheckpointException(file, "the header is not UTF-8", e);
        } catch (JsonProcessingException e) {
            throw new CheckpointException(file, "the header is not JSON at byte "
                    + (8 + Math.max(0, e.getLocation() == null ? 0 : e.getLocation().getByteOffset())), e);
        }
        checkLayout(file, entries, dataBytes);
        return new SafetensorsHeader(Map.copyOf(metadata), entries);
    }

    private static void readMetadata(Path file, JsonParser parser, Map<String, String> into) throws IOException {
        expect(file, parser, parser.currentToken(), JsonToken.START_OBJECT, "__metadata__");
        while (parser.nextToken() != JsonToken.END_OBJECT) {
            String key = parser.currentName();
            expect(file, parser, parser.nextToken(), JsonToken.VALUE_STRING, "__metadata__." + key);
            into.put(key, parser.getText());
        }
    }

    private static Entry readEntry(Path file, JsonParser parser, String name) throws IOException {
        expect(file, parser, parser.currentToken(), JsonToken.START_OBJECT, "tensor " + name);
        DType type = null;
        long[] shape = null;
        long[] offsets = null;
        while (parser.nextToken() != JsonToken.END_OBJECT) {
            String key = parser.currentName();
            parser.nextToken();
            switch (key) {
                case "dtype" -> type = readType(file, parser, name);
                case "shape" -> shape = readLongs(file, parser, "the shape of tensor " + name);
                case "data_offsets" -> offsets = readLongs(file, parser, "the data_offsets of tensor " + name);
                default -> throw new CheckpointException(file, "tensor " + name + " has an unknown field " + key);
            }
        }
        if (type == null || shape == null || offsets == null || offsets.length != 2) {
            throw new CheckpointException(file,
                    "tensor " + name + " lacks its dtype, its shape or its two data_offsets");
        }
        return new Entry(type, shape, offsets[0], offsets[1]);
    }

    private static DType readType(Path file, JsonParser parser, String name) throws IOException {
        expect(file, parser, parser.currentToken(), JsonToken.VALUE_STRING, "the dtype of tensor " + name);
        String type = parser.getText();
        return DType.named(type).orElseThrow(
                () -> new CheckpointException(file, "tensor " + name + " has the unknown dtype " + type));
    }

    private static long[] readLongs(Path file, JsonParser parser, String what) throws IOException {
        expect(file, parser, parser.currentToken(), JsonToken.START_ARRAY, what);
        long[] values = new long[MAX_DIMENSIONS];
        int count = 0;
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            expect(file, parser, parser.currentToken(), JsonToken.VALUE_NUMBER_INT, what);
            if (count == MAX_DIMENSIONS) {
                throw new CheckpointException(file, what + " has more than " + MAX_DIMENSIONS + " numbers");
            }
            if (parser.getNumberType() == JsonParser.NumberType.BIG_INTEGER || parser.getLongValue() < 0) {
                throw new CheckpointException(file, what + " holds " + abbreviate(parser.getText())
                        + ", which is out of range");
            }
            values[count++] = parser.getLongValue();
        }
        return Arrays.copyOf(values, count);
    }

    private static void checkLayout(Path file, Map<String, Entry> entries, long dataBytes) throws IOException {
        List<Map.Entry<String, Entry>> byPlace = new ArrayList<>(entries.entrySet());
        byPlace.sort(Comparator.comparingLong((Map.Entry<String, Entry> e) -> e.getValue().begin())
                .thenComparingLong(e -> e.getValue().end()));
        long at = 0;
        for (Map.Entry<String, Entry> named : byPlace) {
            Entry entry = named.getValue();
            checkSize(file, named.getKey(), entry, dataBytes);
            if (entry.begin() < at) {
                throw new CheckpointException(file, "tensor " + named.getKey() + " overlaps the one before it at byte "
                        + entry.begin() + " of the data");
            }
            if (entry.begin() > at) {
                throw new CheckpointException(file, "a hole of " + (entry.begin() - at) + " bytes before tensor "
                        + named.getKey());
            }
            at = entry.end();
        }
        if (at != dataBytes) {
            throw new CheckpointException(file,
                    "the header describes " + at + " bytes of data, the file has " + dataBytes
                            + (at > dataBytes ? ": it is truncated" : ""));
        }
    }

    private static void checkSize(Path file, String name, Entry entry, long dataBytes) throws IOException {
        if (entry.begin() > entry.end()) {
            throw new CheckpointException(file, "tensor " + name + " ends before it begins");
        }
        if (entry.end() > dataBytes) {
            throw new CheckpointException(file,
                    "tensor " + name + " ends at byte " + entry.end() + " of the data, the file "
                            + "has " + dataBytes + ": it is truncated or damaged");
        }
        long bytes = entry.type().bytes();
        try {
            for (long dimension : entry.shape()) {
                bytes = Math.multiplyExact(bytes, dimension);
            }
        } catch (ArithmeticException e) {
            throw new CheckpointException(file, "tensor " + name + " has an impossible shape", e);
        }
        if (bytes != entry.end() - entry.begin()) {
            throw new CheckpointException(file, "tensor " + name + " takes " + bytes + " bytes by its shape and dtype, "
                    + (entry.end() - entry.begin()) + " by its data_offsets");
        }
    }

    private static void expect(Path file, JsonParser parser, JsonToken found, JsonToken expected, String what)
            throws IOException {
        if (found != expected) {
            throw new CheckpointException(file, what + " is not " + switch (expected) {
                case START_OBJECT -> "a JSON object";
                case START_ARRAY -> "a JSON array";
                case VALUE_STRING -> "a string";
                default -> "made of whole numbers";
            } + " (byte " + (8 + parser.currentLocation().getByteOffset()) + ")");
        }
    }

    private static String abbreviate(String text) {
        return text.length() <= 24 ? text : text.substring(0, 21) + "...";
    }
}
