package io.moeplan.engine.workload;

/**
 * One tokenised request of a workload.
 *
 * @param id          the workload's own name of it, for messages and recordings
 * @param tag         a free label (a domain, a tenant), or null
 * @param promptIds   token ids of the prompt
 * @param responseIds token ids of the recorded response, empty if there is none
 */
public record Request(String id, String tag, int[] promptIds, int[] responseIds) {
    /** Tokens of prompt and response together. */
    public int tokens() {
        return promptIds.length + responseIds.length;
    }
}
