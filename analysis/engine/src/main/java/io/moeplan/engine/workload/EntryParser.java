package io.moeplan.engine.workload;

import com.fasterxml.jackson.databind.JsonNode;
import io.moeplan.engine.workload.Draft.Ids;
import io.moeplan.engine.workload.Draft.Part;
import io.moeplan.engine.workload.Draft.Text;
import java.io.IOException;
import java.util.List;

/** Understands one JSON object of a workload. */
final class EntryParser {
    static final String ACCEPTED = "expected an object with prompt, messages, text, conversations, prompt_token_ids, "
            + "input_ids, or the body of an OpenAI batch";

    private final Conversations conversations;

    EntryParser(Conversations conversations) {
        this.conversations = conversations;
    }

    /** The request an object holds, or null if it is a conversation in which nobody asks anything. */
    Draft parse(Place place, JsonNode entry) throws IOException {
        if (!entry.isObject()) {
            throw place.error("not a JSON object; " + ACCEPTED);
        }
        JsonNode body = first(entry, "body");
        if (body != null && !body.isObject()) {
            throw place.error("body is not an object; " + ACCEPTED);
        }
        JsonNode content = body != null ? body : entry;
        Part response = response(place, entry);
        Turn turn = turn(place, content, response);
        if (turn == null) {
            return null;
        }
        String id = scalar(place, entry, "custom_id", "id", "task_id");
        return new Draft(place, id != null ? id : place.id(), scalar(place, entry, "tag", "dataset", "category"),
                turn.prompt(), turn.response(), turn.chat());
    }

    private Turn turn(Place place, JsonNode content, Part response) throws IOException {
        JsonNode ids = first(content, "prompt_token_ids", "input_ids");
        if (ids != null) {
            return new Turn(new Ids(ids(place, "the token ids", ids)), orNothing(response));
        }
        JsonNode shareGpt = first(content, "conversations", "conversation");
        if (shareGpt != null) {
            return conversations.shareGpt(place, shareGpt);
        }
        JsonNode messages = first(content, "messages");
        if (messages != null) {
            return conversations.chat(place, messages, content, response);
        }
        JsonNode prompt = first(content, "prompt", "text");
        if (prompt == null) {
            throw place.error("nothing to run in it; " + ACCEPTED);
        }
        return new Turn(textOrIds(place, "the prompt", prompt, true), orNothing(response));
    }

    private static Part orNothing(Part response) {
        return response == null ? Part.NOTHING : response;
    }

    /** The response an object gives, or null; {@code output_tokens} may also be a number, which tells nothing. */
    private static Part response(Place place, JsonNode entry) throws WorkloadException {
        JsonNode ids = first(entry, "output_ids", "output_token_ids", "output_tokens");
        if (ids != null && !ids.isNumber()) {
            return new Ids(ids(place, "the output's token ids", ids));
        }
        JsonNode response = first(entry, "response", "completion");
        return response == null ? null : textOrIds(place, "the response", response, false);
    }

    private static Part textOrIds(Place place, String what, JsonNode node, boolean special) throws WorkloadException {
        if (node.isTextual()) {
            return new Text(node.textValue(), special);
        }
        if (!node.isArray()) {
            throw place.error(what + " is neither text nor a list of token ids");
        }
        return new Ids(ids(place, what, node));
    }

    private static int[] ids(Place place, String what, JsonNode node) throws WorkloadException {
        if (!node.isArray()) {
            throw place.error(what + " are not a list");
        }
        int[] ids = new int[node.size()];
        for (int i = 0; i < ids.length; i++) {
            JsonNode id = node.get(i);
            if (!id.isIntegralNumber() || !id.canConvertToInt()) {
                throw place.error(what + ": expected a token id at position " + i + ", found " + Problems.brief(id));
            }
            ids[i] = id.intValue();
        }
        return ids;
    }

    private static String scalar(Place place, JsonNode entry, String... names) throws WorkloadException {
        for (String name : List.of(names)) {
            JsonNode value = first(entry, name);
            if (value != null && !value.isValueNode()) {
                throw place.error(name + " is not a text or number");
            }
            if (value != null) {
                return value.asText();
            }
        }
        return null;
    }

    /** The first of some fields that is there and not null, or null. */
    static JsonNode first(JsonNode object, String... names) {
        for (String name : names) {
            JsonNode value = object.get(name);
            if (value != null && !value.isNull()) {
                return value;
            }
        }
        return null;
    }
}
