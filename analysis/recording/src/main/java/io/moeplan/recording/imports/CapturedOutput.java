package io.moeplan.recording.imports;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * One output of a server, with the experts of its tokens.
 *
 * @param tag    null if there is none
 * @param prompt tokens of its prompt, -1 if not told
 * @param tokens ids in the vocabulary, prompt first; may be fewer than were routed
 */
record CapturedOutput(String id, String tag, int prompt, int[] tokens, ExpertIds experts) {
    private static final List<String> PLACES = List.of("/routed_experts", "/meta_info/routed_experts",
            "/sglext/routed_experts");
    private static final List<String> TAGS = List.of("tag", "dataset", "category");

    /**
     * The outputs of one line: a response of /v1/completions, /v1/chat/completions or SGLang's /generate, one of OpenAI's
     * batches, or vLLM's own outputs. None if the line says that its request failed.
     */
    static List<CapturedOutput> of(Path file, JsonNode line, long number, ImportOptions options) throws IOException {
        JsonNode wrapped = line.at("/response/body");
        JsonNode body = wrapped.isObject() ? wrapped : line;
        JsonNode choices = body.path("choices").isArray() ? body.path("choices") : body.path("outputs");
        List<CapturedOutput> outputs = new ArrayList<>();
        String id = text(line, "custom_id").or(() -> text(body, "id")).or(() -> text(body, "request_id"))
                .orElse("output " + number);
        if (choices.isArray()) {
            for (int i = 0; i < choices.size(); i++) {
                String own = choices.size() == 1 ? id : id + "#" + i;
                outputs.add(of(file, "output " + number + ": ", line, body, choices.get(i), own, options));
            }
        } else if (line.path("error").isMissingNode() || line.path("error").isNull()) {
            outputs.add(of(file, "output " + number + ": ", line, body, body, id, options));
        }
        return outputs;
    }

    /** Whether a line has routed experts. */
    static boolean isOne(JsonNode line) {
        JsonNode wrapped = line.at("/response/body");
        JsonNode body = wrapped.isObject() ? wrapped : line;
        JsonNode choices = body.path("choices").isArray() ? body.path("choices") : body.path("outputs");
        return find(choices.path(0), body) != null;
    }

    private static CapturedOutput of(Path file, String where, JsonNode line, JsonNode body, JsonNode choice, String id,
            ImportOptions options) throws IOException {
        JsonNode routed = find(choice, body);
        if (routed == null) {
            throw new IOException(file + ": " + where + "has no routed_experts; was the server started with"
                    + " --enable-return-routed-experts, and the request sent with return_routed_experts?");
        }
        int[] promptIds = ints(choice, "prompt_token_ids").or(() -> ints(body, "prompt_token_ids")).orElse(null);
        int[] outputIds = ints(choice, "token_ids").or(() -> ints(choice, "output_ids")).orElse(null);
        int prompt = number(body.at("/usage/prompt_tokens")).or(() -> number(choice.at("/meta_info/prompt_tokens")))
                .orElse(promptIds == null ? -1 : promptIds.length);
        int completion = number(body.at("/usage/completion_tokens"))
                .or(() -> number(choice.at("/meta_info/completion_tokens")))
                .orElse(outputIds == null ? 0 : outputIds.length);
        ExpertIds.Hint hint = new ExpertIds.Hint(options.layers(), options.topK(),
                (int) Math.min(Integer.MAX_VALUE, Math.max(0L, prompt) + completion));
        ExpertIds experts = ExpertIds.of(file, where, routed, hint);
        JsonNode ofPrompt = body.path("prompt_routed_experts");
        if (!ofPrompt.isMissingNode() && !ofPrompt.isNull()) {
            ExpertIds before = ExpertIds.of(file, where + "prompt_", ofPrompt, hint);
            prompt = before.tokens();
            experts = before.then(file, where, experts);
        }
        return new CapturedOutput(id, tag(line), prompt, joined(promptIds, outputIds), experts);
    }

    private static JsonNode find(JsonNode choice, JsonNode body) {
        for (JsonNode node : List.of(choice, body)) {
            for (String place : PLACES) {
                JsonNode found = node.at(place);
                if (!found.isMissingNode() && !found.isNull()) {
                    return found;
                }
            }
        }
        return null;
    }

    private static String tag(JsonNode line) {
        return TAGS.stream().flatMap(key -> text(line, key).stream()).findFirst().orElse(null);
    }

    private static Optional<String> text(JsonNode node, String key) {
        return Optional.ofNullable(node.path(key).textValue());
    }

    private static Optional<Integer> number(JsonNode node) {
        return node.isInt() && node.intValue() >= 0 ? Optional.of(node.intValue()) : Optional.empty();
    }

    private static Optional<int[]> ints(JsonNode node, String key) {
        JsonNode array = node.path(key);
        if (!array.isArray()) {
            return Optional.empty();
        }
        int[] values = new int[array.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = array.get(i).asInt(-1);
        }
        return Optional.of(values);
    }

    private static int[] joined(int[] prompt, int[] output) {
        if (prompt == null) {
            return new int[0];
        }
        int[] both = Arrays.copyOf(prompt, prompt.length + (output == null ? 0 : output.length));
        if (output != null) {
            System.arraycopy(output, 0, both, prompt.length, output.length);
        }
        return both;
    }
}
