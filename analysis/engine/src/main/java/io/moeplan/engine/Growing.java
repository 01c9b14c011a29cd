package io.moeplan.engine;

import io.moeplan.engine.workload.Request;
import java.util.Arrays;

/** A request that is being answered. */
final class Growing {
    private final int request;
    private final int number;
    private final long bytes;
    private final int prompt;
    private final int[] ids;
    private int length;
    /** Tokens that went through the model. */
    private int through;

    /**
     * A request at its beginning.
     *
     * @param request index in the workload
     * @param number  of its sequence in the past
     * @param bytes   what its past may take
     * @param most    tokens it may come to have
     */
    Growing(int request, Request content, int number, long bytes, int most) {
        this.request = request;
        this.number = number;
        this.bytes = bytes;
        this.prompt = content.promptIds().length;
        this.ids = Arrays.copyOf(content.promptIds(), most);
        this.length = prompt;
    }

    int request() {
        return request;
    }

    int number() {
        return number;
    }

    long bytes() {
        return bytes;
    }

    /** Tokens that it has and that did not go through the model yet. */
    int waiting() {
        return length - through;
    }

    /** The next {@code count} of these. */
    int[] next(int count) {
        through += count;
        return Arrays.copyOfRange(ids, through - count, through);
    }

    int length() {
        return length;
    }

    void append(int id) {
        ids[length++] = id;
    }

    /** Whether there is room for no more tokens. */
    boolean full() {
        return length == ids.length;
    }

    int[] response() {
        return Arrays.copyOfRange(ids, prompt, length);
    }
}
