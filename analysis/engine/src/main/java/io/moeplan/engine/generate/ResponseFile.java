package io.moeplan.engine.generate;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.moeplan.engine.text.Tokenizer;
import io.moeplan.engine.workload.Request;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import java.util.stream.IntStream;

/**
 * Generated responses as the output file of an OpenAI batch, a line each: chat completions for requests with messages, text
 * completions for the others. {@code choices[0].token_ids} are the new tokens; without a tokenizer they are all there is.
 */
public final class ResponseFile {
    private static final ObjectMapper JSON = JsonMapper.builder().build();

    private final String model;
    private final Tokenizer tokenizer;
    private final long created = Instant.now().getEpochSecond();

    /**
     * For one model.
     *
     * @param model     its name
     * @param tokenizer null if it has none
     */
    public ResponseFile(String model, Tokenizer tokenizer) {
        this.model = model;
        this.tokenizer = tokenizer;
    }

    /**
     * Writes the whole file or nothing; a file that is there is replaced.
     *
     * @param workload the requests as they were before
     * @throws IOException if it cannot be written
     */
    public void write(Path file, List<Request> workload, List<Completion> completions) throws IOException {
        Path target = file.toAbsolutePath();
        Path temporary = target.resolveSibling("." + target.getFileName() + "." + UUID.randomUUID() + ".tmp");
        try {
            try (BufferedWriter writer = Files.newBufferedWriter(temporary)) {
                for (Completion completion : completions) {
                    writer.write(JSON.writeValueAsString(line(workload.get(completion.request()), completion)));
                    writer.write('\n');
                }
            }
            Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(temporary);
        }
    }

    private ObjectNode line(Request request, Completion completion) {
        ObjectNode line = JSON.createObjectNode();
        line.put("id", "batch_req_" + completion.request()).put("custom_id", request.id());
        ObjectNode response = line.putObject("response");
        response.put("status_code", 200).put("request_id", "req_" + completion.request());
        ObjectNode body = response.putObject("body");
        body.put("id", (request.chat() ? "chatcmpl-" : "cmpl-") + completion.request());
        body.put("object", request.chat() ? "chat.completion" : "text_completion");
        body.put("created", created).put("model", model);
        choice(body.putArray("choices").addObject(), request, completion);
        int prompt = request.promptIds().length;
        int written = completion.ids().length;
        body.putObject("usage").put("prompt_tokens", prompt).put("completion_tokens", written).put("total_tokens",
                prompt + written);
        line.putNull("error");
        return line;
    }

    private void choice(ObjectNode choice, Request request, Completion completion) {
        String text = tokenizer == null ? null : text(request, completion);
        choice.put("index", 0);
        if (request.chat()) {
            choice.putObject("message").put("role", "assistant").put("content", text);
        } else {
            choice.put("text", text);
        }
        choice.putNull("logprobs").put("finish_reason", completion.finish().name().toLowerCase(Locale.ROOT));
        ArrayNode ids = choice.putArray("token_ids");
        for (int id : completion.ids()) {
            ids.add(id);
        }
    }

    /**
     * What the new tokens add to the prompt's text: decoded alone, the first of them may lose a space, or be a part of a
     * character that began before.
     */
    private String text(Request request, Completion completion) {
        int[] ids = completion.ids();
        boolean stopped = completion.finish() == Completion.Finish.STOP;
        int[] shown = stopped ? IntStream.of(ids).limit(ids.length - 1).toArray() : ids;
        int[] whole = IntStream.concat(IntStream.of(request.promptIds()), IntStream.of(shown)).toArray();
        String before = tokenizer.decode(request.promptIds(), true);
        String after = tokenizer.decode(whole, true);
        String text = after.startsWith(before) ? after.substring(before.length()) : tokenizer.decode(shown, true);
        return stopped ? text : withoutPart(text);
    }

    /** Without a last character of which only some bytes were generated. */
    private static String withoutPart(String text) {
        int end = text.length();
        while (end > 0 && text.charAt(end - 1) == '\uFFFD') {
            end--;
        }
        return text.substring(0, end);
    }
}
