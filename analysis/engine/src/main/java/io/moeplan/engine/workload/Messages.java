package io.moeplan.engine.workload;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Chat messages as a template wants them, prepared as vLLM's server prepares them. */
final class Messages {
    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final TypeReference<Map<String, Object>> OBJECT = new TypeReference<>() {};

    private final Place place;
    private final boolean parts;

    /** {@code parts}: whether the template takes lists of parts as content. */
    Messages(Place place, boolean parts) {
        this.place = place;
        this.parts = parts;
    }

    List<Map<String, Object>> read(JsonNode messages) throws WorkloadException {
        if (!messages.isArray() || messages.isEmpty()) {
            throw place.error("messages is not a list of messages");
        }
        List<Map<String, Object>> conversation = new ArrayList<>();
        for (JsonNode message : messages) {
            if (!message.isObject() || !message.path("role").isTextual()) {
                throw place.error(which(conversation) + " is not an object with a role");
            }
            Map<String, Object> read = MAPPER.convertValue(message, OBJECT);
            read.computeIfPresent("tool_calls", (name, calls) -> withArguments(calls));
            if (message.path("content").isArray()) {
                read.put("content", content(message.get("content"), which(conversation)));
            }
            conversation.add(read);
        }
        return conversation;
    }

    private static String which(List<?> before) {
        return "message " + (before.size() + 1);
    }

    /** Parts of text, or their lines joined if the template wants text. */
    private Object content(JsonNode content, String which) throws WorkloadException {
        List<String> texts = new ArrayList<>();
        for (JsonNode part : content) {
            JsonNode text = part.isTextual() ? part : part.path("text");
            if (!text.isTextual()) {
                throw place.error(which + " has a part of type " + part.path("type").asText("unknown")
                        + "; only text can be run");
            }
            texts.add(text.textValue());
        }
        return parts ? MAPPER.convertValue(content, Object.class) : String.join("\n", texts);
    }

    /** OpenAI writes a call's arguments as JSON in a text; templates want the object. */
    private static Object withArguments(Object calls) {
        if (calls instanceof List<?> list) {
            list.forEach(call -> {
                if (call instanceof Map<?, ?> map && map.get("function") instanceof Map<?, ?> function) {
                    parseArguments(function);
                }
            });
        }
        return calls;
    }

    @SuppressWarnings("unchecked") // Jackson's maps have text keys
    private static void parseArguments(Map<?, ?> function) {
        if (function.get("arguments") instanceof String text && text.stripLeading().startsWith("{")) {
            try {
                ((Map<String, Object>) function).put("arguments", MAPPER.readValue(text, OBJECT));
            } catch (JsonProcessingException e) {
                // not JSON after all: the template gets the text as the workload has it
            }
        }
    }

    /** The tools a conversation may use, or null. */
    static List<?> tools(Place place, JsonNode tools) throws WorkloadException {
        if (tools == null) {
            return null;
        }
        if (!tools.isArray()) {
            throw place.error("tools is not a list");
        }
        return tools.isEmpty() ? null : MAPPER.convertValue(tools, List.class);
    }

    /** Further variables for the template. */
    static Map<String, Object> variables(Place place, JsonNode variables) throws WorkloadException {
        if (variables == null) {
            return Map.of();
        }
        if (!variables.isObject()) {
            throw place.error("chat_template_kwargs is not an object");
        }
        return MAPPER.convertValue(variables, OBJECT);
    }
}
