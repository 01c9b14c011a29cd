package io.moeplan.engine.workload;

/**
 * One request of a workload.
 *
 * @param id
 *            as the workload names it, or made of its place in the file
 * @param tag
 *            the domain it belongs to, for analysis by domain; null if the workload tells none
 * @param promptIds
 *            {@code [prompt tokens]} token ids, at least one
 * @param responseIds
 *            {@code [response tokens]} token ids, possibly none
 */
public record Request(String id, String tag, int[] promptIds, int[] responseIds) {
    /** Tokens of prompt and response together. */
    public int tokens() {
        return promptIds.length + responseIds.length;
    }
}
