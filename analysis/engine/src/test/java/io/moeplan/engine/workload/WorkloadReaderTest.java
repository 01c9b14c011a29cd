package io.moeplan.engine.workload;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.moeplan.engine.text.ChatTemplate;
import io.moeplan.engine.text.Tokenizer;
import io.moeplan.engine.text.TokenizerOnDemand;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class WorkloadReaderTest {
    private static final String CHATML = "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\\n' + m['content'] "
            + "+ '<|im_end|>' + '\\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}"
            + "{% endif %}";

    private static Tokenizer tokenizer;
    private static Tokenizer withBos;

    @TempDir
    private Path directory;

    @BeforeAll
    static void open() throws IOException, URISyntaxException {
        tokenizer = Tokenizer.open(family("qwen"));
        withBos = Tokenizer.open(family("deepseek"));
    }

    @AfterAll
    static void close() {
        tokenizer.close();
        withBos.close();
    }

    private static Path family(String name) throws URISyntaxException {
        return Path.of(Tokenizer.class.getResource("tokenizers/" + name + "/tokenizer.json").toURI());
    }

    private ChatTemplate template(String source) throws IOException {
        Path model = Files.createDirectories(directory.resolve("model"));
        Files.writeString(model.resolve("chat_template.jinja"), source);
        return ChatTemplate.find(model).orElseThrow();
    }

    private Path file(String name, String content) throws IOException {
        return Files.writeString(directory.resolve(name), content);
    }

    private List<Request> read(String content) throws IOException {
        return read("work.jsonl", content, template(CHATML));
    }

    private List<Request> read(String name, String content, ChatTemplate template) throws IOException {
        return new WorkloadReader(tokenizer, template, 0).read(file(name, content)).requests();
    }

    private static String text(int[] ids) {
        return tokenizer.decode(ids, false);
    }

    private static String prompt(Request request) {
        return text(request.promptIds());
    }

    private static String response(Request request) {
        return text(request.responseIds());
    }

    @Test
    void readsPrompts() throws IOException {
        List<Request> requests = read("""
                {"prompt": "Hello", "id": 7, "tag": "greeting", "dataset": "ignored"}

                {"text": "World", "dataset": "places"}
                {"prompt": "2+2=", "completion": "4", "task_id": "t1", "category": "math"}
                {"prompt": [1, 2, 3], "response": [4, 5], "id": null, "tag": null}
                """);
        assertThat(requests).extracting(Request::id).containsExactly("7", "line-3", "t1", "line-5");
        assertThat(requests).extracting(Request::tag).containsExactly("greeting", "places", "math", null);
        assertThat(requests.subList(0, 3)).extracting(WorkloadReaderTest::prompt)
                .containsExactly("Hello", "World", "2+2=");
        assertThat(response(requests.get(2))).isEqualTo("4");
        assertThat(requests.get(0).responseIds()).isEmpty();
        assertThat(requests.get(3).promptIds()).containsExactly(1, 2, 3);
        assertThat(requests.get(3).responseIds()).containsExactly(4, 5);
        assertThat(requests.get(3).tokens()).isEqualTo(5);
    }

    @Test
    void addsSpecialTokensToPromptsOnly() throws IOException {
        Path file = file("work.jsonl", "{\"prompt\": \"Hello\", \"response\": \"Hello\"}\n"
                + "{\"messages\": [{\"role\": \"user\", \"content\": \"Hello\"}], \"response\": \"Hello\"}");
        List<Request> requests = new WorkloadReader(withBos, template("{{ messages[0].content }}"), 0).read(file)
                .requests();
        int[] plain = withBos.encode("Hello", false);
        assertThat(requests.get(0).promptIds()).isEqualTo(withBos.encode("Hello", true)).isNotEqualTo(plain);
        assertThat(requests.get(0).responseIds()).isEqualTo(plain);
        assertThat(requests.get(1).promptIds()).isEqualTo(plain);
        assertThat(requests.get(1).responseIds()).isEqualTo(plain);
    }

    @Test
    void opensTheTokenizerForTextsOnly() throws IOException {
        Path damaged = file("tokenizer.json", "[]");
        try (TokenizerOnDemand encoder = new TokenizerOnDemand(damaged)) {
            WorkloadReader reader = new WorkloadReader(encoder, null, 0);
            assertThat(reader.read(file("ids.jsonl", "{\"input_ids\": [3, 1]}")).requests().getFirst().promptIds())
                    .containsExactly(3, 1);
            Path text = file("text.jsonl", "{\"prompt\": \"three one\"}");
            assertThatThrownBy(() -> reader.read(text)).isInstanceOf(IOException.class)
                    .hasMessageContaining("tokenizer.json: not a tokenizer");
        }
    }

    @Test
    void readsTokenIds() throws IOException {
        Path file = file("ids.jsonl", """
                {"prompt_token_ids": [5, 6], "output_ids": [7]}
                {"task_id": 3, "input_ids": [8], "output_tokens": 128}
                {"input_ids": [9], "output_tokens": [1, 2], "prompt": "not this"}
                """);
        Workload workload = new WorkloadReader(null, null, 10).read(file);
        assertThat(workload.requests()).extracting(Request::promptIds).containsExactly(new int[]{5, 6}, new int[]{8},
                new int[]{9});
        assertThat(workload.requests()).extracting(Request::responseIds).containsExactly(new int[]{7}, new int[0],
                new int[]{1, 2});
        assertThat(workload.requests().get(1).id()).isEqualTo("3");
        assertThat(workload.tokens()).isEqualTo(7);
        assertThat(workload.format()).isEqualTo(WorkloadFormat.JSON_LINES);
    }

    @Test
    void rendersMessages() throws IOException {
        List<Request> requests = read("""
                {"messages": [{"role": "user", "content": "Hi"}]}
                {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello!"}]}
                {"messages": [{"role": "user", "content": "Hi"}], "response": "Hello!"}
                """);
        String prompt = "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n";
        assertThat(requests).extracting(WorkloadReaderTest::prompt).containsOnly(prompt);
        assertThat(requests).extracting(WorkloadReaderTest::response).containsExactly("", "Hello!<|im_end|>\n",
                "Hello!");
        assertThat(requests.get(0).promptIds()[0]).isEqualTo(tokenizer.encode("<|im_start|>", false)[0]);
        assertThat(requests).extracting(Request::chat).containsOnly(true);
    }

    @Test
    void theAnswerIsItsContentWhereTheRenderingDiffers() throws IOException {
        ChatTemplate template = template("{{ messages|length }} {{ messages[-1].content }}{{ '>' if "
                + "add_generation_prompt }}");
        List<Request> requests = read("work.jsonl", "{\"messages\": [{\"role\": \"user\", \"content\": \"a\"}, "
                + "{\"role\": \"assistant\", \"content\": \"b\"}]}", template);
        assertThat(prompt(requests.getFirst())).isEqualTo("1 a>");
        assertThat(response(requests.getFirst())).isEqualTo("b");
    }

    @Test
    void readsOpenAiBatches() throws IOException {
        List<Request> requests = read("""
                {"custom_id": "r-1", "method": "POST", "url": "/v1/chat/completions", "body": {"model": "m", \
                "messages": [{"role": "system", "content": "S"}, {"role": "user", "content": "U"}], "max_tokens": 9}}
                {"custom_id": "r-2", "url": "/v1/completions", "body": {"prompt": "Once"}, "tag": "story"}
                """);
        assertThat(requests).extracting(Request::id).containsExactly("r-1", "r-2");
        assertThat(prompt(requests.get(0))).isEqualTo(
                "<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nU<|im_end|>\n<|im_start|>assistant\n");
        assertThat(prompt(requests.get(1))).isEqualTo("Once");
        assertThat(requests).extracting(Request::chat).containsExactly(true, false);
        assertThat(requests.get(1).tag()).isEqualTo("story");
    }

    @Test
    void handsToolsAndVariablesToTheTemplate() throws IOException {
        ChatTemplate template = template("{{ tools|length if tools else 'none' }} {{ thinking|default('unset') }} "
                + "{{ messages[-1].tool_calls[0].function.arguments.x if messages[-1].tool_calls }}");
        List<Request> requests = read("work.jsonl", """
                {"messages": [{"role": "user", "content": "a"}], "tools": [{"type": "function"}]}
                {"messages": [{"role": "user", "content": "a"}], "tools": [], "chat_template_kwargs": {"thinking": false}}
                {"messages": [{"role": "tool", "tool_calls": [{"function": {"arguments": "{\\"x\\": 5}"}}]}]}
                """, template);
        assertThat(requests).extracting(WorkloadReaderTest::prompt).containsExactly("1 unset ", "none False ",
                "none unset 5");
    }

    @Test
    void joinsPartsForTemplatesThatWantText() throws IOException {
        String line = "{\"messages\": [{\"role\": \"user\", \"content\": [{\"type\": \"text\", \"text\": \"a\"}, "
                + "{\"type\": \"text\", \"text\": \"b\"}]}]}";
        assertThat(prompt(read(line).getFirst())).startsWith("<|im_start|>user\na\nb<|im_end|>");
        ChatTemplate parts = template("{% for p in messages[0].content %}[{{ p.text }}]{% endfor %}");
        assertThat(prompt(read("work.jsonl", line, parts).getFirst())).isEqualTo("[a][b]");
        assertThatThrownBy(() -> read(line.replace("\"text\": \"b\"", "\"image_url\": \"b\"")))
                .hasMessageEndingWith("line 1: message 1 has a part of type text; only text can be run");
    }

    @Test
    void readsShareGpt() throws IOException {
        String content = """
                [{"id": "s1", "conversations": [{"from": "human", "value": "Q1"}, {"from": "gpt", "value": "A1"},
                  {"from": "human", "value": "Q2"}, {"from": "gpt", "value": "A2"}, {"from": "human", "value": "Q3"}]},
                 {"conversations": []}, {"conversations": [{"from": "gpt", "value": "alone"}]},
                 {"conversations": [{"from": "gpt", "value": "first"}, {"from": "system", "value": "S"},
                  {"from": "user", "value": "Q"}]}]""";
        Path file = file("sharegpt.json", content);
        Workload workload = new WorkloadReader(tokenizer, template(CHATML), 0).read(file);
        List<Request> requests = workload.requests();
        assertThat(workload.format()).isEqualTo(WorkloadFormat.JSON_ARRAY);
        assertThat(workload.skipped()).isEqualTo(2);
        assertThat(requests).extracting(Request::id).containsExactly("s1", "entry-4");
        assertThat(prompt(requests.get(0))).isEqualTo("""
                <|im_start|>user
                Q1<|im_end|>
                <|im_start|>assistant
                A1<|im_end|>
                <|im_start|>user
                Q2<|im_end|>
                <|im_start|>assistant
                """);
        assertThat(response(requests.get(0))).isEqualTo("A2<|im_end|>\n");
        assertThat(prompt(requests.get(1))).isEqualTo("""
                <|im_start|>system
                S<|im_end|>
                <|im_start|>user
                Q<|im_end|>
                <|im_start|>assistant
                """);

        List<Request> plain = new WorkloadReader(tokenizer, null, 0).read(file).requests();
        assertThat(plain).extracting(WorkloadReaderTest::prompt).containsExactly("Q1", "Q");
        assertThat(plain).extracting(WorkloadReaderTest::response).containsExactly("A1", "");
    }

    @Test
    void readsShareGptLines() throws IOException {
        List<Request> requests = read("""
                {"conversations": [{"from": "human", "value": "Q"}]}
                {"conversations": []}
                {"prompt": "P"}
                """);
        assertThat(requests).extracting(Request::id).containsExactly("line-1", "line-3");
    }

    @Test
    void readsPlainText() throws IOException {
        Workload workload = new WorkloadReader(tokenizer, null, 0).read(file("essay.txt", "One.\n\nTwo {x}.\n"));
        assertThat(workload.format()).isEqualTo(WorkloadFormat.TEXT);
        assertThat(workload.requests()).hasSize(1);
        assertThat(workload.requests().getFirst().id()).isEqualTo("essay.txt");
        assertThat(prompt(workload.requests().getFirst())).isEqualTo("One.\n\nTwo {x}.\n");
    }

    @Test
    void readsDirectories() throws IOException {
        Path documents = Files.createDirectory(directory.resolve("documents"));
        assertThatThrownBy(() -> new WorkloadReader(tokenizer, null, 0).read(documents))
                .hasMessage(documents + ": the directory holds no files");
        Files.writeString(documents.resolve("b.md"), "B");
        Files.writeString(documents.resolve("a.txt"), "A");
        Files.writeString(documents.resolve(".hidden"), "H");
        Files.createDirectory(documents.resolve("c"));
        Workload workload = new WorkloadReader(tokenizer, null, 0).read(documents);
        assertThat(workload.format()).isEqualTo(WorkloadFormat.TEXT_DIRECTORY);
        assertThat(workload.requests()).extracting(Request::id).containsExactly("a.txt", "b.md");
        assertThat(WorkloadDigest.sha256(documents)).hasSize(64);
        Files.writeString(documents.resolve("d.jsonl"), "{}");
        assertThatThrownBy(() -> new WorkloadReader(tokenizer, null, 0).read(documents))
                .hasMessageContaining("d.jsonl: a directory is read as plain text");
    }

    @Test
    void stopsAtTheLimit() throws IOException {
        String lines = "{\"prompt\": \"x\"}\n".repeat(600);
        Path file = file("long.jsonl", lines + "not JSON\n");
        for (int limit : new int[]{1, 255, 256, 257, 600}) {
            assertThat(new WorkloadReader(tokenizer, null, 0, limit).read(file).requests()).hasSize(limit);
        }
        assertThatThrownBy(() -> new WorkloadReader(tokenizer, null, 0).read(file)).hasMessageContaining("line 601");
        assertThatThrownBy(() -> new WorkloadReader(tokenizer, null, 0, 0))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '#', quoteCharacter = '`', value = {"{\"prompt\": 5}#the prompt is neither text nor a list",
        "{\"prompt\"}#not valid JSON: ", "{} {}#not valid JSON: ", "[1]#not a JSON object; expected",
        "\"text\"#not a JSON object", "null#not a JSON object", "{\"question\": \"x\"}#nothing to run in it; expected",
        "{\"prompt\": null}#nothing to run", "{\"prompt\": \"\"}#the prompt has no tokens",
        "{\"prompt\": []}#the prompt has no tokens", "{\"input_ids\": [1, \"a\"]}#position 1, found \"a\"",
        "{\"input_ids\": [[1]]}#position 0, found a list", "{\"input_ids\": [1.5]}#position 0, found 1.5",
        "{\"input_ids\": [99999999999]}#position 0, found 99999999999",
        "{\"input_ids\": \"1 2\"}#the token ids are not a list",
        "{\"input_ids\": [1, 5000]}#token id 5000 at position 1 of the prompt is outside the model's vocabulary of 2048",
        "{\"input_ids\": [-1]}#token id -1", "{\"input_ids\": [1], \"output_ids\": [2048]}#position 0 of the response",
        "{\"prompt\": \"a\", \"response\": {\"x\": 1}}#the response is neither",
        "{\"prompt\": \"a\", \"tag\": [1]}#tag is not a text or number",
        "{\"messages\": []}#messages is not a list of messages", "{\"messages\": \"hi\"}#messages is not a list",
        "{\"messages\": [\"hi\"]}#message 1 is not an object with a role",
        "{\"messages\": [{\"role\": \"user\"}, {\"content\": \"x\"}]}#message 2 is not an object with a role",
        "{\"messages\": [{\"role\": \"user\", \"content\": null}]}#the chat template in chat_template.jinja, line 1:",
        "{\"messages\": [{\"role\": \"user\", \"content\": \"x\"}], \"tools\": 5}#tools is not a list",
        "{\"messages\": [{\"role\": \"user\", \"content\": [{\"type\": \"image_url\"}]}]}#a part of type image_url",
        "{\"conversations\": {}}#conversations is not a list of turns",
        "{\"conversations\": [{\"from\": \"human\"}]}#turn 1 is not",
        "{\"conversations\": [{\"from\": \"alien\", \"value\": \"x\"}]}#a turn is from \"alien\"; expected human",
        "{\"body\": \"x\"}#body is not an object", "{\"body\": {\"input\": \"x\"}}#nothing to run in it"})
    void namesTheLineThatCannotBeUsed(String line, String problem) throws IOException {
        Path file = file("mixed.jsonl", "{\"prompt\": \"fine\"}\n\n" + line + "\n");
        WorkloadReader reader = new WorkloadReader(tokenizer, template(CHATML), 2048);
        assertThatThrownBy(() -> reader.read(file)).isInstanceOf(WorkloadException.class)
                .hasMessageStartingWith(file + " line 3: ").hasMessageContaining(problem).hasMessageNotContaining("\n");
    }

    @Test
    void saysWhatTheModelLacks() throws IOException {
        Path prompts = file("p.jsonl", "{\"input_ids\": [1]}\n{\"prompt\": \"x\"}");
        assertThatThrownBy(() -> new WorkloadReader(null, null, 0).read(prompts))
                .hasMessageStartingWith(prompts + " line 2: ").hasMessageContaining("tokenizer.json");
        Path chats = file("c.jsonl", "{\"messages\": [{\"role\": \"user\", \"content\": \"x\"}]}");
        assertThatThrownBy(() -> new WorkloadReader(tokenizer, null, 0).read(chats))
                .hasMessageStartingWith(chats + " line 1: ").hasMessageContaining("chat template");
    }

    @Test
    void namesFilesThatAreNoWorkload() throws IOException {
        WorkloadReader reader = new WorkloadReader(tokenizer, null, 0);
        assertThatThrownBy(() -> reader.read(directory.resolve("missing")))
                .hasMessageEndingWith("missing: no such file");
        assertThatThrownBy(() -> reader.read(Path.of("/dev/null"))).hasMessageContaining("no regular file");
        assertThatThrownBy(() -> reader.read(file("empty.jsonl", ""))).hasMessageEndingWith("the workload is empty");
        assertThatThrownBy(() -> reader.read(file("blank.txt", " \n\n"))).hasMessageEndingWith("the workload is empty");
        assertThatThrownBy(() -> reader.read(file("none.json", "[]"))).hasMessageEndingWith("the workload is empty");
        assertThatThrownBy(() -> reader.read(file("all.json", "[{\"conversations\": []}]")))
                .hasMessageContaining("the workload is empty: nobody asks");
        assertThatThrownBy(() -> reader.read(file("binary", "PK\0\0"))).hasMessageContaining("not text");
        assertThatThrownBy(() -> reader.read(file("open.json", "[{\"prompt\": \"x\"},\n{\"prompt\": \"x\"}")))
                .isInstanceOf(WorkloadException.class).hasMessageContaining("open.json");
        assertThatThrownBy(() -> reader.read(file("bad.json", "[{\"prompt\": \"x\"},\n{\"prompt\" \"x\"}]")))
                .hasMessageContaining("bad.json line 2: not valid JSON");
        assertThatThrownBy(
                () -> reader.read(file("deep.json", "[{\"prompt\": \"x\"}, {\"prompt\": " + "[".repeat(2000))))
                .isInstanceOf(WorkloadException.class)
                .hasMessageContaining("deep.json entry 2: not valid JSON: Document nesting depth");
        assertThatThrownBy(() -> reader.read(file("entry.json", "[{\"prompt\": \"x\"},\n{\"prompt\": 1}]")))
                .hasMessageContaining("entry.json entry 2: the prompt is neither");
        Path latin = directory.resolve("latin.txt");
        Files.write(latin, new byte[]{'a', (byte) 0xe9, 'b'});
        assertThatThrownBy(() -> reader.read(latin)).hasMessage(latin + ": not valid UTF-8 text");
        Path latinLines = directory.resolve("latin.jsonl");
        Files.write(latinLines, "{\"prompt\": \"\u00e9\"}".getBytes(StandardCharsets.ISO_8859_1));
        assertThatThrownBy(() -> reader.read(latinLines)).isInstanceOf(WorkloadException.class)
                .hasMessageStartingWith(latinLines + " line 1: not valid");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '#', quoteCharacter = '`', value = {"a.txt#{\"prompt\": \"x\"}#JSON_LINES",
        "a#[{\"prompt\": \"x\"}]#JSON_ARRAY", "a.txt#[Intro] Hello#TEXT", "a.txt#{curly} text#TEXT", "a#Hello#TEXT",
        "a.jsonl#Hello#JSON_LINES", "a.json#[]#JSON_ARRAY", "a.txt#\uFEFF {\"prompt\": \"x\"}#JSON_LINES"})
    void detectsTheFormat(String name, String content, WorkloadFormat expected) throws IOException {
        assertThat(WorkloadFormat.detect(file(name, content))).isEqualTo(expected);
    }

    @Test
    void mayBeToldTheFormat() throws IOException {
        Path file = file("code.txt", "{\"prompt\": \"x\"}");
        List<Request> requests = new WorkloadReader(tokenizer, null, 0).read(file, WorkloadFormat.TEXT).requests();
        assertThat(prompt(requests.getFirst())).isEqualTo("{\"prompt\": \"x\"}");
    }

    @Test
    void ignoresAByteOrderMarkAndCarriageReturns() throws IOException {
        List<Request> requests = read("\uFEFF{\"prompt\": \"x\"}\r\n{\"prompt\": \"y\"}\r\n");
        assertThat(requests).extracting(WorkloadReaderTest::prompt).containsExactly("x", "y");
    }

    @Test
    void boundsTheLengthOfALine() throws IOException {
        Path file = file("long.jsonl", "{\"prompt\": \"x\"}\n" + "x".repeat(2 << 20));
        try (Lines lines = new Lines(file, 1 << 20)) {
            assertThat(lines.next()).hasSize(15);
            assertThatThrownBy(lines::next).isInstanceOf(WorkloadException.class)
                    .hasMessage(file + " line 2: longer than 1 MiB; one request a line is expected");
        }
    }

    @Test
    void readsLongTexts() throws IOException {
        List<Request> requests = read("{\"prompt\": \"" + "hello world ".repeat(30_000) + "\"}");
        assertThat(requests.getFirst().promptIds().length).isGreaterThan(60_000);
    }

    @Test
    void digestsFiles() throws IOException {
        assertThat(WorkloadDigest.sha256(file("abc", "abc")))
                .isEqualTo("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
