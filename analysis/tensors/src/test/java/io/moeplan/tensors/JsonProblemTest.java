package io.moeplan.tensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class JsonProblemTest {
    private static JsonProcessingException problem(String json) {
        return catchThrowableOfType(JsonProcessingException.class, () -> {
            try (JsonParser parser = new JsonFactory().createParser(json)) {
                while (parser.nextToken() != null) {
                    parser.getText();
                }
            }
        });
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "{\"a\": [| line 1: not valid JSON: Unexpected end-of-input: expected close marker for Array",
        "`[1,\n NaN]`| line 2: not valid JSON: Non-standard token 'NaN': enable",
        "nonsense| line 1: not valid JSON: Unr"})
    void isOneLineWithTheFileAndTheLine(String json, String start) {
        assertThat(problem(json)).message().contains("REDACTED").hasLineCount(2);
        assertThat(JsonProblem.in(Path.of("a.json"), problem(json))).startsWith("a.json " + start).hasLineCount(1)
                .doesNotContain("REDACTED");
    }

    @Test
    void doesWithoutALine() {
        JsonProcessingException tooDeep = problem("[".repeat(2000));
        assertThat(tooDeep.getLocation()).isNull();
        assertThat(JsonProblem.in(Path.of("a.json"), tooDeep))
                .startsWith("a.json: not valid JSON: Document nesting depth").hasLineCount(1);
    }

    @Test
    void isShortAndMovesNoCursor() {
        assertThat(JsonProblem.of(problem("\u001b" + "x".repeat(500)))).hasSizeLessThan(130).doesNotContain("\u001b");
        assertThat(JsonProblem.of(problem("x".repeat(500)))).hasSizeLessThan(130).startsWith("Unrecognized token 'xxx");
    }
}
