package io.moeplan.engine.workload;

import java.util.List;

/**
 * A workload in the order of its file.
 *
 * @param requests
 *            at least one
 * @param format
 *            how the file was understood
 * @param skipped
 *            conversations left out because nobody asks anything in them
 */
public record Workload(List<Request> requests, WorkloadFormat format, int skipped) {
    /** Tokens of all prompts and responses. */
    public long tokens() {
        return requests.stream().mapToLong(Request::tokens).sum();
    }
}
