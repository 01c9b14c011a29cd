package io.moeplan.engine.jinja;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What jinja2 renders, configured as transformers does, is what we render; where it fails, we fail. */
class GoldenTest {
    static Stream<Arguments> chatTemplates() {
        JsonNode golden = Golden.read("chat-templates.json");
        return golden.get("cases").valueStream()
                .map(c -> Arguments.of(c.get("template").asText() + " " + c.get("case").asText(),
                        golden.get("templates").get(c.get("template").asText()).asText(),
                        Golden.variables(c.get("variables")), c));
    }

    static Stream<Arguments> families() {
        JsonNode golden = Golden.read("families.json");
        return golden.get("cases").valueStream().map(c -> {
            Map<String, Object> variables = Golden.variables(golden.get("variants").get(c.get("variant").asInt()));
            String conversation = c.get("conversation").asText();
            variables.put("messages", Golden.variables(golden.get("conversations")).get(conversation));
            String template = c.get("template").asText();
            return Arguments.of(template + " " + conversation, golden.get("templates").get(template).asText(),
                    variables, c);
        });
    }

    static Stream<Arguments> semantics() {
        JsonNode golden = Golden.read("semantics.json");
        Map<String, Object> variables = Golden.variables(golden.get("variables"));
        return golden.get("cases").valueStream()
                .map(c -> Arguments.of(c.get("template").asText(), c.get("template").asText(), variables, c));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource({"chatTemplates", "families", "semantics"})
    void rendersAsJinja2(String name, String template, Map<String, Object> variables, JsonNode expected) {
        if (expected.has("error")) {
            assertThatThrownBy(() -> Template.parse(template).render(variables)).as(name)
                    .isInstanceOf(TemplateException.class).hasMessageStartingWith("line ");
        } else {
            assertThat(Template.parse(template).render(variables)).isEqualTo(expected.get("rendered").asText());
        }
    }
}
