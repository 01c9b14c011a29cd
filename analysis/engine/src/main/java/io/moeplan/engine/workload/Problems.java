package io.moeplan.engine.workload;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import io.moeplan.tensors.JsonProblem;

/** Words for what is wrong with JSON, short enough for one line. */
final class Problems {
    private static final int MAX_LENGTH = 160;

    private Problems() {}

    static String invalidJson(JsonProcessingException e) {
        return "not valid JSON: " + JsonProblem.of(e) + "; " + EntryParser.ACCEPTED;
    }

    static String brief(JsonNode node) {
        return node.isContainerNode() ? node.isArray() ? "a list" : "an object" : cut(node.toString());
    }

    private static String cut(String text) {
        return text.length() > MAX_LENGTH ? text.substring(0, MAX_LENGTH) + "..." : text;
    }
}
