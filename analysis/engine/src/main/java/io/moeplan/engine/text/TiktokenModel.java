package io.moeplan.engine.text;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.moeplan.tensors.JsonProblem;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Map.Entry;
import java.util.TreeMap;

/**
 * A {@code tiktoken.model} (Kimi's models come with one and no {@code tokenizer.json}) as the {@code tokenizer.json} that
 * encodes alike.
 *
 * <p>The file has a token's bytes in base64 and its rank on each line; the rank is its id. Two neighbours merge if what they
 * make is a token, the lowest rank first, so that every way to split a token into two tokens is a merge, in the order of
 * the whole one's rank. How text is cut into words first, the model has in Python code: known here for Kimi
 * ({@code tokenization_kimi.py}). Its habit of cutting runs of 25,000 spaces or other characters is left out.
 */
final class TiktokenModel {
    static final String NAME = "tiktoken.model";
    private static final String CONFIG = "tokenizer_config.json";
    private static final long MAX_FILE = 64L << 20;
    /** Runs of Han characters are words; elsewhere as GPT-4o cuts. */
    private static final String KIMI_WORDS = String.join("|", "[\\p{Han}]+", word("*", "+"), word("+", "*"),
            "\\p{N}{1,3}", " ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*", "\\s*[\\r\\n]+", "\\s+(?!\\S)", "\\s+");
    /** Ids that Kimi keeps after the ordinary tokens for special ones. */
    private static final int KIMI_SPECIAL = 256;

    private final Path file;
    /** The bytes of each token, a char each, to its rank. */
    private final Map<String, Integer> ranks = new HashMap<>();

    private TiktokenModel(Path file) {
        this.file = file;
    }

    private static String word(String upper, String lower) {
        return "[^\\r\\n\\p{L}\\p{N}]?(?:(?!\\p{Han})[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}])" + upper
                + "(?:(?!\\p{Han})[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}])" + lower + "(?i:'s|'t|'re|'ve|'m|'ll|'d)?";
    }

    /**
     * The JSON text of the tokenizer in a file, with the special tokens of the {@code tokenizer_config.json} beside it.
     *
     * @throws IOException if either is missing or damaged, or the model is not Kimi's, in one line that names the file
     */
    static String toJson(Path file) throws IOException {
        TiktokenModel model = new TiktokenModel(file);
        model.read();
        return model.json(model.special(config(file.resolveSibling(CONFIG))));
    }

    private static JsonNode config(Path file) throws IOException {
        JsonNode config = json(file);
        String code = config.path("auto_map").path("AutoTokenizer").path(0).asText("");
        if (!code.startsWith("tokenization_kimi.")) {
            throw new IOException(file + ": this " + NAME + " is run by "
                    + (code.isEmpty() ? "code that is not named" : code)
                    + "; only tokenization_kimi is known here: add a tokenizer.json, or give token ids");
        }
        return config;
    }

    private static JsonNode json(Path file) throws IOException {
        try {
            if (Files.size(file) > MAX_FILE) {
                throw new IOException(file + ": larger than any tokenizer's settings, " + Files.size(file) + " bytes");
            }
            return new ObjectMapper().readTree(Files.readString(file));
        } catch (NoSuchFileException e) {
            throw new IOException(file + ": no such file; " + NAME + " needs it for the special tokens", e);
        } catch (JsonProcessingException e) {
            throw new IOException(JsonProblem.in(file, e), e);
        } catch (CharacterCodingException e) {
            throw new IOException(file + ": not UTF-8 text", e);
        }
    }

    private void read() throws IOException {
        if (Files.size(file) > MAX_FILE) {
            throw new IOException(file + ": larger than any tokenizer, " + Files.size(file) + " bytes");
        }
        int number = 0;
        for (String line : Files.readString(file, StandardCharsets.ISO_8859_1).split("\n", -1)) {
            number++;
            if (!line.isBlank()) {
                add(line.strip().split(" ", -1), number);
            }
        }
        for (int b = 0; b < 256; b++) {
            if (!ranks.containsKey(String.valueOf((char) b))) {
                throw new IOException(file + ": not a tiktoken model: it has no token for byte " + b);
            }
        }
    }

    private void add(String[] fields, int line) throws IOException {
        try {
            String bytes = new String(Base64.getDecoder().decode(fields[0]), StandardCharsets.ISO_8859_1);
            if (fields.length == 2 && !bytes.isEmpty() && Integer.parseInt(fields[1]) == ranks.size()
                    && ranks.put(bytes, ranks.size()) == null) {
                return;
            }
        } catch (IllegalArgumentException e) {
            throw new IOException(file + " line " + line + ": not a token in base64 and its rank", e);
        }
        throw new IOException(file + " line " + line + ": expected a new token in base64, a space and the rank "
                + ranks.size());
    }

    /** Ids to texts, ascending. */
    private Map<Integer, String> special(JsonNode config) throws IOException {
        Map<Integer, String> special = new TreeMap<>();
        for (int id = ranks.size(); id < ranks.size() + KIMI_SPECIAL; id++) {
            special.put(id, "<|reserved_token_" + id + "|>");
        }
        for (Entry<String, JsonNode> token : config.path("added_tokens_decoder").properties()) {
            String text = token.getValue().path("content").asText("");
            if (!special.containsKey(id(token.getKey())) || text.isEmpty()) {
                throw new IOException(file.resolveSibling(CONFIG) + ": added_tokens_decoder: \"" + token.getKey()
                        + "\" is not the id of one of the " + KIMI_SPECIAL + " special tokens from " + ranks.size()
                        + " on, with its content");
            }
            special.put(id(token.getKey()), text);
        }
        return special;
    }

    private static int id(String key) {
        return key.matches("[0-9]{1,9}") ? Integer.parseInt(key) : -1;
    }

    private String json(Map<Integer, String> special) throws IOException {
        StringWriter text = new StringWriter();
        try (JsonGenerator json = new JsonFactory().createGenerator(text)) {
            json.writeStartObject();
            json.writeStringField("version", "1.0");
            json.writeArrayFieldStart("added_tokens");
            for (Entry<Integer, String> token : special.entrySet()) {
                json.writeStartObject();
                json.writeNumberField("id", token.getKey());
                json.writeStringField("content", token.getValue());
                for (String no : List.of("single_word", "lstrip", "rstrip", "normalized")) {
                    json.writeBooleanField(no, false);
                }
                json.writeBooleanField("special", true);
                json.writeEndObject();
            }
            json.writeEndArray();
            json.writeFieldName("pre_tokenizer");
            json.writeRawValue(preTokenizer());
            json.writeFieldName("decoder");
            json.writeRawValue("{\"type\":\"ByteLevel\",\"add_prefix_space\":false,\"trim_offsets\":false,"
                    + "\"use_regex\":false}");
            json.writeObjectFieldStart("model");
            json.writeStringField("type", "BPE");
            // A word that is a token needs no merges, and may be one that merges do not lead to.
            json.writeBooleanField("ignore_merges", true);
            json.writeObjectFieldStart("vocab");
            for (Entry<String, Integer> token : ranks.entrySet()) {
                json.writeNumberField(ByteLevel.text(token.getKey()), token.getValue());
            }
            json.writeEndObject();
            json.writeArrayFieldStart("merges");
            for (Merge merge : merges()) {
                json.writeStartArray();
                json.writeString(ByteLevel.text(merge.left()));
                json.writeString(ByteLevel.text(merge.right()));
                json.writeEndArray();
            }
            json.writeEndArray();
            json.writeEndObject();
            json.writeEndObject();
        }
        return text.toString();
    }

    private static String preTokenizer() throws IOException {
        return "{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"Split\",\"pattern\":{\"Regex\":"
                + new ObjectMapper().writeValueAsString(KIMI_WORDS)
                + "},\"behavior\":\"Isolated\",\"invert\":false},{\"type\":\"ByteLevel\",\"add_prefix_space\":false,"
                + "\"trim_offsets\":false,\"use_regex\":false}]}";
    }

    private record Merge(String left, String right, int rank, int leftRank, int rightRank) {}

    private List<Merge> merges() {
        List<Merge> merges = new ArrayList<>();
        for (Entry<String, Integer> token : ranks.entrySet()) {
            String whole = token.getKey();
            for (int cut = 1; cut < whole.length(); cut++) {
                Integer left = ranks.get(whole.substring(0, cut));
                Integer right = ranks.get(whole.substring(cut));
                if (left != null && right != null) {
                    merges.add(new Merge(whole.substring(0, cut), whole.substring(cut), token.getValue(), left, right));
                }
            }
        }
        merges.sort(Comparator.comparingInt(Merge::rank).thenComparingInt(Merge::leftRank)
                .thenComparingInt(Merge::rightRank));
        return merges;
    }
}
