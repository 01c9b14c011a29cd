package io.moeplan.engine.workload;

/**
 * One tokenised request of a workload.
 *
 * @param id          the workload's own name of it, for messages and recordings
 * @param tag         a free label (a domain, a tenant), or null
 * @param promptIds   token ids of the prompt
 * @param responseIds token ids of the recorded response, empty if there is none
 * @param chat        whether the prompt was made of messages by a chat template
 */
public record Request(String id, String tag, int[] promptIds, int[] responseIds, boolean chat) {
    /** Of no chat. */
    public Request(String id, String tag, int[] promptIds, int[] responseIds) {
        this(id, tag, promptIds, responseIds, false);
    }

    /** The same request with another response. */
    public Request withResponse(int[] ids) {
        return new Request(id, tag, promptIds, ids, chat);
    }

    /** Tokens of prompt and response together. */
    public int tokens() {
        return promptIds.length + responseIds.length;
    }
}
