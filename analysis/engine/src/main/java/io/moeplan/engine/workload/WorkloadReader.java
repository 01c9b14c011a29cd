package io.moeplan.engine.workload;

import io.moeplan.engine.text.ChatTemplate;
import io.moeplan.engine.text.TextEncoder;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads workloads for one model.
 *
 * <p>
 * A line or entry of JSON holds one of: {@code prompt_token_ids} or {@code input_ids} (token ids); {@code messages}
 * (rendered by the chat template); {@code conversations} (ShareGPT); {@code prompt} (text or token ids); {@code text};
 * or a {@code body} with messages or prompt (OpenAI batch). A {@code response} or {@code completion} (text or token
 * ids), {@code output_ids} or an assistant's last message is the response. {@code tag}, {@code dataset} or
 * {@code category} is kept as tag.
 *
 * @param tokenizer
 *            null if the model has none: then only token ids can be read
 * @param template
 *            null if the model has none: then no messages can be read
 * @param vocabSize
 *            token ids must be below it; 0 if unknown
 * @param limit
 *            how many requests to read at most
 */
public record WorkloadReader(TextEncoder tokenizer, ChatTemplate template, int vocabSize, long limit) {
    private static final int CHUNK = 256;
    private static final long CHUNK_CHARACTERS = 16L << 20;

    /** Checks the numbers. */
    public WorkloadReader {
        if (limit < 1) {
            throw new IllegalArgumentException("the limit of requests must be at least 1, not " + limit);
        }
        if (vocabSize < 0) {
            throw new IllegalArgumentException("a vocabulary cannot have " + vocabSize + " tokens");
        }
    }

    /** A reader without a limit. */
    public WorkloadReader(TextEncoder tokenizer, ChatTemplate template, int vocabSize) {
        this(tokenizer, template, vocabSize, Long.MAX_VALUE);
    }

    /**
     * Reads a workload of any format.
     *
     * @throws WorkloadException
     *             if a line cannot be used, or there is none
     */
    public Workload read(Path path) throws IOException {
        return read(path, WorkloadFormat.detect(path));
    }

    /** Reads a workload whose format is known. */
    public Workload read(Path path, WorkloadFormat format) throws IOException {
        Encoder encoder = new Encoder(tokenizer, vocabSize);
        EntryParser parser = new EntryParser(new Conversations(template));
        List<Request> requests = new ArrayList<>();
        try (Drafts drafts = open(path, format, parser)) {
            List<Draft> chunk = chunk(drafts, limit);
            while (!chunk.isEmpty()) {
                requests.addAll(encoder.encode(chunk));
                chunk = chunk(drafts, limit - requests.size());
            }
            if (requests.isEmpty()) {
                throw new WorkloadException(path + ": the workload is empty"
                        + (drafts.skipped() > 0 ? ": nobody asks anything in its conversations" : ""));
            }
            return new Workload(List.copyOf(requests), format, drafts.skipped());
        }
    }

    private static Drafts open(Path path, WorkloadFormat format, EntryParser parser) throws IOException {
        return switch (format) {
            case JSON_LINES -> new JsonLines(path, parser);
            case JSON_ARRAY -> new JsonArray(path, parser);
            case TEXT -> new TextFiles(List.of(path));
            case TEXT_DIRECTORY -> new TextFiles(TextFiles.in(path));
        };
    }

    private static List<Draft> chunk(Drafts drafts, long limit) throws IOException {
        List<Draft> chunk = new ArrayList<>();
        long characters = 0;
        while (chunk.size() < Math.min(CHUNK, limit) && characters < CHUNK_CHARACTERS) {
            Draft draft = drafts.next();
            if (draft == null) {
                break;
            }
            chunk.add(draft);
            characters += draft.characters();
        }
        return chunk;
    }
}
