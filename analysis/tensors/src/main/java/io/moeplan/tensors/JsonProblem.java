package io.moeplan.tensors;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import java.nio.file.Path;

/**
 * What is wrong with a JSON or YAML text, in one line. The parser's own messages have several, and speak of where the text
 * came from and which of the parser's features are off.
 */
public final class JsonProblem {
    private JsonProblem() {}

    /**
     * The first line of the parser's message, at most 120 characters, without what it adds about where that which is not
     * closed began.
     */
    public static String of(JsonProcessingException e) {
        String message = e.getOriginalMessage();
        return message == null
                ? "cannot be parsed"
                : Printable.of(message.lines().findFirst().orElse("").replaceFirst(" \\(start marker.*", ""));
    }

    /** As {@link #of}, after the file and, where the parser knows it, the line. */
    public static String in(Path file, JsonProcessingException e) {
        JsonLocation location = e.getLocation();
        return file + (location == null ? "" : " line " + location.getLineNr()) + ": not valid JSON: " + of(e);
    }
}
