package io.moeplan.engine.workload;

import com.fasterxml.jackson.databind.JsonNode;
import io.moeplan.engine.text.ChatTemplate;
import io.moeplan.engine.workload.Draft.Part;
import io.moeplan.engine.workload.Draft.Text;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Conversations into prompt and response.
 *
 * <p>
 * The prompt is what the chat template makes of the messages before the assistant's last one, ending with what starts
 * an answer. The response is the rest of the whole conversation's rendering, so that the tokens which close an answer
 * belong to it; where a template renders earlier turns differently, it is the last message's content.
 */
final class Conversations {
    private final ChatTemplate template;

    /** {@code template} may be null. */
    Conversations(ChatTemplate template) {
        this.template = template;
    }

    /**
     * Messages in OpenAI's form.
     *
     * @param content
     *            the object they are from, for {@code tools} and {@code chat_template_kwargs}
     * @param response
     *            the response given apart from the messages, or null
     */
    Turn chat(Place place, JsonNode messages, JsonNode content, Part response) throws IOException {
        if (template == null) {
            throw place.error("holds messages, but the model has no chat template (no chat_template.jinja, and none in "
                    + "tokenizer_config.json); give prompt or text instead");
        }
        List<Map<String, Object>> conversation = new Messages(place, takesParts(place)).read(messages);
        Chat chat = new Chat(place, Messages.tools(place, EntryParser.first(content, "tools")),
                Messages.variables(place, EntryParser.first(content, "chat_template_kwargs")));
        if (response != null) {
            return new Turn(new Text(chat.render(conversation, true), false), response, true);
        }
        return chat.turn(conversation);
    }

    private boolean takesParts(Place place) throws WorkloadException {
        try {
            return template.takesParts();
        } catch (IOException e) {
            throw place.error(e.getMessage(), e);
        }
    }

    /** A conversation in ShareGPT's form; null if no human says anything. */
    Turn shareGpt(Place place, JsonNode conversation) throws IOException {
        List<Map<String, Object>> messages = ShareGpt.messages(place, conversation);
        List<String> roles = messages.stream().map(message -> (String) message.get("role")).toList();
        if (!roles.contains("user")) {
            return null;
        }
        if (template == null) {
            return plain(messages, roles);
        }
        int last = roles.lastIndexOf("assistant");
        List<Map<String, Object>> asked = ShareGpt.fromFirstQuestion(messages.subList(0, last < roles.indexOf("user")
                ? messages.size()
                : last + 1));
        return new Chat(place, null, Map.of()).turn(asked);
    }

    /** As vLLM's benchmark reads ShareGPT: the first question, and the answer after it. */
    private static Turn plain(List<Map<String, Object>> messages, List<String> roles) {
        int question = roles.indexOf("user");
        int answer = roles.subList(question, roles.size()).indexOf("assistant");
        Part response = answer < 0 ? Part.NOTHING : new Text(text(messages.get(question + answer)), false);
        return new Turn(new Text(text(messages.get(question)), true), response);
    }

    private static String text(Map<String, Object> message) {
        return message.get("content") instanceof String text ? text : "";
    }

    /** The template with what stays the same over a conversation. */
    private final class Chat {
        private final Place place;
        private final List<?> tools;
        private final Map<String, Object> variables;

        Chat(Place place, List<?> tools, Map<String, Object> variables) {
            this.place = place;
            this.tools = tools;
            this.variables = new HashMap<>(variables);
        }

        Turn turn(List<Map<String, Object>> messages) throws WorkloadException {
            Map<String, Object> last = messages.getLast();
            if (!"assistant".equals(last.get("role"))) {
                return new Turn(new Text(render(messages, true), false), Part.NOTHING, true);
            }
            String prompt = render(new ArrayList<>(messages.subList(0, messages.size() - 1)), true);
            String whole = render(messages, false);
            String answer = whole.startsWith(prompt) ? whole.substring(prompt.length()) : text(last);
            return new Turn(new Text(prompt, false), new Text(answer, false), true);
        }

        String render(List<Map<String, Object>> messages, boolean addGenerationPrompt) throws WorkloadException {
            try {
                return template.render(messages, tools, addGenerationPrompt, variables);
            } catch (IOException e) {
                throw place.error(e.getMessage(), e);
            }
        }
    }
}
