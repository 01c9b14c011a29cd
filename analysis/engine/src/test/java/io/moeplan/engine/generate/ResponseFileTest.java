package io.moeplan.engine.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.moeplan.engine.text.Tokenizer;
import io.moeplan.engine.workload.Request;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class ResponseFileTest {
    private static final int STOP = 7;

    @TempDir
    private Path directory;

    private static Tokenizer tokenizer(String name) throws IOException {
        try {
            return Tokenizer
                    .open(Path.of(Tokenizer.class.getResource("tokenizers/" + name + "/tokenizer.json").toURI()));
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    private List<JsonNode> write(Tokenizer tokenizer, List<Request> workload, List<Completion> completions)
            throws IOException {
        Path file = directory.resolve("responses.jsonl");
        new ResponseFile("model", tokenizer).write(file, workload, completions);
        try (var files = Files.list(directory)) {
            assertThat(files).containsExactly(file);
        }
        List<JsonNode> lines = new ArrayList<>();
        for (String line : Files.readAllLines(file)) {
            lines.add(new ObjectMapper().readTree(line));
        }
        return lines;
    }

    @Test
    void hasTheShapeOfABatchOutput() throws IOException {
        try (Tokenizer tokenizer = tokenizer("qwen")) {
            int[] answer = tokenizer.encode("Hi there", false);
            int[] stopped = IntStream.concat(IntStream.of(answer), IntStream.of(STOP)).toArray();
            List<Request> workload = List.of(new Request("chat", null, new int[]{1, 2, 3}, new int[0], true),
                    new Request("given", null, new int[]{1}, new int[]{1}),
                    new Request("text", null, new int[]{1, 2}, new int[0]));
            List<JsonNode> lines = write(tokenizer, workload,
                    List.of(new Completion(0, stopped, Completion.Finish.STOP),
                            new Completion(2, answer, Completion.Finish.LENGTH)));
            assertThat(lines).hasSize(2);
            JsonNode chat = lines.getFirst();
            assertThat(chat.get("custom_id").asText()).isEqualTo("chat");
            assertThat(chat.get("error").isNull()).isTrue();
            assertThat(chat.at("/response/status_code").asInt()).isEqualTo(200);
            assertThat(chat.at("/response/body/object").asText()).isEqualTo("chat.completion");
            assertThat(chat.at("/response/body/choices/0/message/role").asText()).isEqualTo("assistant");
            assertThat(chat.at("/response/body/choices/0/message/content").asText()).isEqualTo("Hi there");
            assertThat(chat.at("/response/body/choices/0/finish_reason").asText()).isEqualTo("stop");
            assertThat(chat.at("/response/body/choices/0/token_ids")).hasSize(stopped.length);
            assertThat(chat.at("/response/body/usage/prompt_tokens").asInt()).isEqualTo(3);
            assertThat(chat.at("/response/body/usage/total_tokens").asInt()).isEqualTo(3 + stopped.length);
            JsonNode text = lines.getLast();
            assertThat(text.at("/response/body/object").asText()).isEqualTo("text_completion");
            assertThat(text.at("/response/body/choices/0/text").asText()).isEqualTo("Hi there");
            assertThat(text.at("/response/body/choices/0/finish_reason").asText()).isEqualTo("length");
        }
    }

    /** Wherever a text is cut, the prompt's part and the response's make up the whole. */
    @ParameterizedTest
    @ValueSource(strings = {"deepseek", "gpt_oss", "mixtral", "qwen"})
    void textContinuesThePrompt(String name) throws IOException {
        String text = "Hello brave new world, the price is 12";
        try (Tokenizer tokenizer = tokenizer(name)) {
            int[] ids = tokenizer.encode(text, false);
            for (int cut = 1; cut < 5; cut++) {
                int[] prompt = Arrays.copyOf(ids, cut);
                Completion completion = new Completion(0, Arrays.copyOfRange(ids, cut, ids.length),
                        Completion.Finish.LENGTH);
                String written = write(tokenizer, List.of(new Request("r", null, prompt, new int[0])),
                        List.of(completion)).getFirst().at("/response/body/choices/0/text").asText();
                assertThat(tokenizer.decode(prompt, true) + written).isEqualTo(text);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"deepseek", "gpt_oss", "mixtral", "qwen"})
    void leavesOutACharacterThatIsNotWhole(String name) throws IOException {
        try (Tokenizer tokenizer = tokenizer(name)) {
            // Old Persian, which no vocabulary has: several tokens a character.
            int[] ids = tokenizer.encode("a\ud800\udfa0\ud800\udfa1\ud800\udfa2", false);
            for (int end = 2; end <= ids.length; end++) {
                int[] prompt = Arrays.copyOf(ids, 1);
                String written = write(tokenizer, List.of(new Request("r", null, prompt, new int[0])),
                        List.of(new Completion(0, Arrays.copyOfRange(ids, 1, end), Completion.Finish.LENGTH)))
                        .getFirst().at("/response/body/choices/0/text").asText();
                assertThat(written).doesNotContain("\ufffd");
            }
        }
    }

    @Test
    void withoutATokenizerThereAreTokenIdsOnly() throws IOException {
        JsonNode line = write(null, List.of(new Request("r", null, new int[]{1}, new int[0])),
                List.of(new Completion(0, new int[]{4, 5}, Completion.Finish.LENGTH))).getFirst();
        assertThat(line.at("/response/body/choices/0/text").isNull()).isTrue();
        assertThat(line.at("/response/body/choices/0/token_ids").toString()).isEqualTo("[4,5]");
    }

    @Test
    void leavesNothingBehindWhereItCannotWrite() throws IOException {
        Path file = Files.createDirectory(directory.resolve("responses.jsonl"));
        Files.createFile(file.resolve("something"));
        assertThatThrownBy(() -> new ResponseFile("model", null).write(file, List.of(), List.of()))
                .isInstanceOf(IOException.class);
        assertThat(directory).isDirectoryContaining(path -> path.equals(file));
        try (var files = Files.list(directory)) {
            assertThat(files).hasSize(1);
        }
    }
}
