package io.moeplan.recording;

/**
 * A request of the workload.
 *
 * @param request        its number, unique in the recording, from 0
 * @param id             its name in the workload
 * @param tag            what kind of request it is (a domain, a tenant), null if the workload does not say
 * @param promptTokens   tokens recorded of its prompt
 * @param responseTokens tokens recorded of its response
 */
public record RequestRow(int request, String id, String tag, int promptTokens, int responseTokens) {
    private static final int LONGEST_TEXT = 1 << 16;

    /** @throws IllegalArgumentException if a number is negative, or a text missing or longer than 65536 characters */
    public RequestRow {
        if (request < 0 || promptTokens < 0 || responseTokens < 0) {
            throw new IllegalArgumentException("request " + request + " has a negative number: prompt_tokens "
                    + promptTokens + ", response_tokens " + responseTokens);
        }
        if (id == null || id.length() > LONGEST_TEXT || (tag != null && tag.length() > LONGEST_TEXT)) {
            throw new IllegalArgumentException("request " + request + " has no id, or an id or a tag longer than "
                    + LONGEST_TEXT + " characters");
        }
    }
}
