package io.moeplan.engine.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ChatTemplateTest {
    private static final List<Map<String, String>> MESSAGES = List.of(Map.of("role", "user", "content", "hi"));

    @TempDir
    private Path model;

    private void write(String name, String content) throws IOException {
        Files.writeString(model.resolve(name), content);
    }

    private String render() throws IOException {
        return ChatTemplate.find(model).orElseThrow().render(MESSAGES, null, true);
    }

    @Test
    void aModelMayHaveNone() throws IOException {
        assertThat(ChatTemplate.find(model)).isEmpty();
        write("tokenizer_config.json", "{\"chat_template\": null, \"bos_token\": \"<s>\"}");
        assertThat(ChatTemplate.find(model)).isEmpty();
    }

    @Test
    void comesFromTheTokenizersConfig() throws IOException {
        write("tokenizer_config.json", """
                {"bos_token": "<s>", "eos_token": {"content": "</s>", "lstrip": false}, "pad_token": null,
                 "add_bos_token": true, "additional_special_tokens": ["<x>", {"content": "<y>"}],
                 "chat_template": "{{ bos_token }}{{ messages[0].content }}{{ eos_token }}{{ pad_token is defined }}\
                {{ tools is none }}{{ add_generation_prompt }}{{ additional_special_tokens[1] }}"}""");
        assertThat(render()).isEqualTo("<s>hi</s>FalseTrueTrue<y>");
    }

    @Test
    void aFileOfItsOwnComesFirst() throws IOException {
        write("chat_template.jinja", "own {{ bos_token }} {{ eos_token }}\n");
        write("tokenizer_config.json", "{\"chat_template\": \"config\", \"bos_token\": \"<s>\"}");
        write("special_tokens_map.json", "{\"bos_token\": \"<other>\", \"eos_token\": {\"content\": \"</s>\"}}");
        assertThat(render()).isEqualTo("own <s> </s>");
    }

    @Test
    void takesTheDefaultOfSeveral() throws IOException {
        write("tokenizer_config.json", """
                {"chat_template": [{"name": "tool_use", "template": "with tools"},
                                   {"name": "default", "template": "default"}]}""");
        ChatTemplate template = ChatTemplate.find(model).orElseThrow();
        assertThat(template.render(MESSAGES, null, false)).isEqualTo("default");
        assertThat(template.render(MESSAGES, List.of(Map.of()), false)).isEqualTo("with tools");
    }

    @Test
    void comesFromTheProcessorsFile() throws IOException {
        write("chat_template.json", "{\"chat_template\": \"{{ x }}\"}");
        assertThat(ChatTemplate.find(model).orElseThrow().render(MESSAGES, null, false, Map.of("x", 3L)))
                .isEqualTo("3");
    }

    @Test
    void namesTheFileOfABrokenConfig() throws IOException {
        write("tokenizer_config.json", "{\n\n!");
        assertThatThrownBy(() -> ChatTemplate.find(model)).isInstanceOf(IOException.class)
                .hasMessageContaining("tokenizer_config.json line 3: not valid JSON");
        write("tokenizer_config.json", "{\"a\": [");
        assertThatThrownBy(() -> ChatTemplate.find(model)).hasMessageEndingWith(
                "tokenizer_config.json line 1: not valid JSON: Unexpected end-of-input: expected close marker for Array");
        write("tokenizer_config.json", "[".repeat(2000));
        assertThatThrownBy(() -> ChatTemplate.find(model)).isInstanceOf(IOException.class)
                .hasMessageContaining("tokenizer_config.json: not valid JSON: Document nesting depth");
        write("tokenizer_config.json", "{\"chat_template\": [{\"name\": \"rag\", \"template\": \"x\"}]}");
        assertThatThrownBy(() -> ChatTemplate.find(model)).hasMessageContaining("default");
    }

    @Test
    void isParsedWhenNeeded() throws IOException {
        write("chat_template.jinja", "\n{% nonsense %}");
        ChatTemplate template = ChatTemplate.find(model).orElseThrow();
        assertThatThrownBy(() -> template.render(MESSAGES, null, false)).isInstanceOf(IOException.class).hasMessage(
                "the chat template in chat_template.jinja, line 2: the tag 'nonsense' is unknown or out of place");
    }

    @Test
    void saysWhyItRefusesAConversation() throws IOException {
        write("chat_template.jinja", "{{ raise_exception('roles must alternate') }}");
        assertThatThrownBy(this::render).isInstanceOf(IOException.class)
                .hasMessage("the chat template in chat_template.jinja, line 1: roles must alternate");
    }

    @Test
    void tellsWhetherItTakesParts() throws IOException {
        write("chat_template.jinja", "{% for m in messages %}{% for p in m.content %}{% endfor %}{% endfor %}");
        assertThat(ChatTemplate.find(model).orElseThrow().takesParts()).isTrue();
        write("chat_template.jinja", "{% for m in messages %}{{ m.content }}{% endfor %}");
        assertThat(ChatTemplate.find(model).orElseThrow().takesParts()).isFalse();
    }
}
