package io.moeplan.engine.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TokenizerTest {
    @TempDir
    private Path directory;

    private static Path family(String name) {
        try {
            return Path.of(TokenizerTest.class.getResource("tokenizers/" + name + "/tokenizer.json").toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    private static int[] ids(JsonNode array) {
        return array.valueStream().mapToInt(JsonNode::intValue).toArray();
    }

    @ParameterizedTest
    @ValueSource(strings = {"deepseek", "gpt_oss", "mixtral", "qwen"})
    void encodesAndDecodesAsTheReference(String name) throws IOException {
        JsonNode golden = new ObjectMapper().readTree(Files.readString(family(name).resolveSibling("expected.json")));
        try (Tokenizer tokenizer = Tokenizer.open(family(name).getParent())) {
            List<String> texts = new ArrayList<>();
            List<int[]> expected = new ArrayList<>();
            for (JsonNode example : golden) {
                String text = example.get("text").asText();
                int[] plain = ids(example.get("ids_without_special"));
                assertThat(tokenizer.encode(text, true)).as(text).isEqualTo(ids(example.get("ids")));
                assertThat(tokenizer.encode(text, false)).as(text).isEqualTo(plain);
                assertThat(tokenizer.decode(ids(example.get("ids")), true)).isEqualTo(example.get("decoded").asText());
                texts.add(text);
                expected.add(plain);
            }
            assertThat(tokenizer.encodeAll(texts, false)).usingElementComparator(Arrays::compare)
                    .isEqualTo(expected);
        }
    }

    /** Expected ids are tiktoken's own, of a vocabulary trained for this. */
    @Test
    void encodesKimisTiktokenModelAsTiktoken() throws IOException {
        Path model = family("qwen").resolveSibling("../kimi").normalize();
        JsonNode golden = new ObjectMapper().readTree(Files.readString(model.resolve("expected.json")));
        assertThat(Tokenizer.find(model)).contains(model.resolve("tiktoken.model"));
        try (Tokenizer tokenizer = Tokenizer.open(model)) {
            for (JsonNode example : golden) {
                String text = example.get("text").asText();
                assertThat(tokenizer.encode(text, true)).as(text).isEqualTo(ids(example.get("ids")));
                assertThat(tokenizer.decode(ids(example.get("ids")), false)).isEqualTo(text);
            }
        }
    }

    @Test
    void aTiktokenModelThatIsNone() throws IOException {
        Path model = family("qwen").resolveSibling("../kimi").normalize();
        Path file = directory.resolve("tiktoken.model");
        Path config = directory.resolve("tokenizer_config.json");
        String sound = Files.readString(model.resolve("tiktoken.model"));
        Files.writeString(file, sound);
        assertThatThrownBy(() -> Tokenizer.open(directory)).hasMessageContaining(config + ": no such file");
        Files.writeString(config, "{\"auto_map\": {\"AutoTokenizer\": [\"tokenization_other.T\", null]}}");
        assertThatThrownBy(() -> Tokenizer.open(directory)).hasMessageContaining("is run by tokenization_other.T");
        Files.writeString(config, "{\"auto_map\":\n{");
        assertThatThrownBy(() -> Tokenizer.open(directory)).hasMessage(config
                + " line 2: not valid JSON: Unexpected end-of-input: expected close marker for Object");
        Files.write(config, new byte[]{'{', '"', (byte) 0xe9, '"'});
        assertThatThrownBy(() -> Tokenizer.open(directory)).hasMessage(config + ": not UTF-8 text");
        Files.copy(model.resolve("tokenizer_config.json"), config, StandardCopyOption.REPLACE_EXISTING);
        Files.writeString(file, sound.substring(sound.indexOf('\n') + 1));
        assertThatThrownBy(() -> Tokenizer.open(directory))
                .hasMessage(file + " line 1: expected a new token in base64, a space and the rank 0");
        Files.writeString(file, "<html>\n");
        assertThatThrownBy(() -> Tokenizer.open(directory))
                .hasMessage(file + " line 1: not a token in base64 and its rank");
        Files.writeString(file, "AA== 0\n");
        assertThatThrownBy(() -> Tokenizer.open(directory)).hasMessageContaining("it has no token for byte 1");
        Files.writeString(file, sound + "YWFhYWFhYWFhYWFhYWFhYWFhYWE= 99999\n");
        assertThatThrownBy(() -> Tokenizer.open(directory)).hasMessageContaining("and the rank ");
    }

    @Test
    void doesNotTruncateLongTexts() throws IOException {
        try (Tokenizer tokenizer = Tokenizer.open(family("qwen"))) {
            int[] once = tokenizer.encode("hello world\n", false);
            int[] many = tokenizer.encode("hello world\n".repeat(5000), false);
            assertThat(many).hasSize(once.length * 5000);
        }
    }

    @Test
    void switchesOffWhatTheFileWantsTruncatedOrPadded() throws IOException {
        String json = Files.readString(family("qwen")).replaceFirst("\"truncation\"\\s*:\\s*null",
                "\"truncation\":{\"max_length\":3,\"strategy\":\"LongestFirst\",\"stride\":0,\"direction\":\"Right\"}")
                .replaceFirst("\"padding\"\\s*:\\s*null",
                        "\"padding\":{\"strategy\":{\"Fixed\":64},\"direction\":\"Right\","
                                + "\"pad_to_multiple_of\":null,\"pad_id\":0,\"pad_type_id\":0,\"pad_token\":\"<|endoftext|>\"}");
        Path file = Files.writeString(directory.resolve("tokenizer.json"), json);
        assertThat(json).contains("max_length").contains("Fixed");
        try (Tokenizer changed = Tokenizer.open(file); Tokenizer plain = Tokenizer.open(family("qwen"))) {
            String text = "Hello, world! How are you?";
            assertThat(changed.encode(text, true)).isEqualTo(plain.encode(text, true));
            assertThat(changed.encodeAll(List.of(text, "a"), true).getLast()).isEqualTo(plain.encode("a", true));
        }
    }

    @Test
    void recognisesSpecialTokensInTheText() throws IOException {
        try (Tokenizer tokenizer = Tokenizer.open(family("qwen"))) {
            assertThat(tokenizer.encode("<|im_start|>", false)).hasSize(1);
            assertThat(tokenizer.decode(tokenizer.encode("<|im_start|>a", false), false)).isEqualTo("<|im_start|>a");
            assertThat(tokenizer.decode(tokenizer.encode("<|im_start|>a", false), true)).isEqualTo("a");
        }
    }

    @Test
    void survivesUnusualCharacters() throws IOException {
        try (Tokenizer tokenizer = Tokenizer.open(family("qwen"))) {
            for (String text : List.of("a\0b", "😀", "\uD83D", "\uDE00x", "e\u0301")) {
                assertThat(tokenizer.encode(text, false)).isNotEmpty();
            }
            assertThat(tokenizer.decode(tokenizer.encode("a\0b 😀", false), false)).isEqualTo("a\0b 😀");
        }
    }

    @Test
    void namesTheFileThatIsNoTokenizer() throws IOException {
        Path file = directory.resolve("tokenizer.json");
        assertThatThrownBy(() -> Tokenizer.open(directory)).isInstanceOf(IOException.class)
                .hasMessage(file + ": no such file; the model has no tokenizer.json");
        Files.writeString(file, "{\n\"model\": nonsense}");
        assertThatThrownBy(() -> Tokenizer.open(directory)).isInstanceOf(IOException.class)
                .hasMessageStartingWith(file + " line 2: not valid JSON: ");
        Files.writeString(file, "{\"model\": {}");
        assertThatThrownBy(() -> Tokenizer.open(directory)).hasMessage(
                file + " line 1: not valid JSON: Unexpected end-of-input: expected close marker for Object");
        Files.writeString(file, "{\"model\": " + "[".repeat(2000));
        assertThatThrownBy(() -> Tokenizer.open(directory)).isInstanceOf(IOException.class)
                .hasMessageStartingWith(file + ": not valid JSON: Document nesting depth");
        Files.writeString(file, "{} {}");
        assertThatThrownBy(() -> Tokenizer.open(directory)).hasMessageContaining("not valid JSON");
        Files.writeString(file, "");
        assertThatThrownBy(() -> Tokenizer.open(directory)).hasMessageContaining("not a tokenizer");
        Files.writeString(file, "{\"version\": \"1.0\"}");
        assertThatThrownBy(() -> Tokenizer.open(directory)).hasMessageContaining("it has no \"model\"");
        Files.writeString(file, "{\"model\": {\"type\": \"Nonsense\"}}");
        assertThatThrownBy(() -> Tokenizer.open(directory)).isInstanceOf(IOException.class)
                .hasMessageStartingWith(file + ": not a tokenizer this build can run: ")
                .hasMessageNotContaining("\n");
        Files.write(file, new byte[]{(byte) 0xff, (byte) 0xfe});
        assertThatThrownBy(() -> Tokenizer.open(directory)).hasMessageContaining("not UTF-8");
    }

    @Test
    void refusesToWorkWhenClosed() throws IOException {
        Tokenizer tokenizer = Tokenizer.open(family("qwen"));
        tokenizer.close();
        tokenizer.close();
        assertThatThrownBy(() -> tokenizer.encode("a", true)).isInstanceOf(IllegalStateException.class);
    }
}
