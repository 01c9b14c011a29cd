package io.moeplan.recording;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.moeplan.tensors.Printable;

/** What is wrong with a JSON or YAML text, in one line. */
public final class JsonProblem {
    private JsonProblem() {}

    /** The parser's message, without what it adds about where that which is not closed began. */
    public static String of(JsonProcessingException e) {
        String message = e.getOriginalMessage();
        return message == null
                ? "cannot be parsed"
                : Printable.of(message.lines().findFirst().orElse("").replaceFirst(" \\(start marker.*", ""));
    }
}
