package io.moeplan.engine.workload;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** ShareGPT's turns, {@code {"from": "human", "value": "..."}}, as chat messages. */
final class ShareGpt {
    private ShareGpt() {}

    static List<Map<String, Object>> messages(Place place, JsonNode conversation) throws WorkloadException {
        if (!conversation.isArray()) {
            throw place.error("conversations is not a list of turns");
        }
        List<Map<String, Object>> messages = new ArrayList<>();
        for (JsonNode turn : conversation) {
            JsonNode from = EntryParser.first(turn, "from", "role");
            JsonNode value = EntryParser.first(turn, "value", "content");
            if (from == null || value == null || !from.isTextual() || !value.isTextual()) {
                throw place.error("turn " + (messages.size() + 1) + " is not {\"from\": ..., \"value\": ...}");
            }
            messages.add(Map.of("role", role(place, from.textValue()), "content", value.textValue()));
        }
        return messages;
    }

    private static String role(Place place, String from) throws WorkloadException {
        return switch (from) {
            case "human", "user" -> "user";
            case "gpt", "assistant", "chatgpt", "bing", "bard", "model" -> "assistant";
            case "system" -> "system";
            case "tool", "function", "observation" -> "tool";
            default -> throw place.error(
                    "a turn is from \"" + from + "\"; expected human, user, gpt, assistant, system or tool");
        };
    }

    /** Without answers that come before any question: templates and models expect none. */
    static List<Map<String, Object>> fromFirstQuestion(List<Map<String, Object>> messages) {
        List<Map<String, Object>> kept = new ArrayList<>();
        boolean asked = false;
        for (Map<String, Object> message : messages) {
            asked |= "user".equals(message.get("role"));
            if (asked || "system".equals(message.get("role"))) {
                kept.add(message);
            }
        }
        return kept;
    }
}
