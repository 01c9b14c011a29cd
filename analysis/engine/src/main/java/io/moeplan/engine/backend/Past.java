package io.moeplan.engine.backend;

import java.util.List;

/**
 * Sequences that grow, and what every layer keeps of their tokens, so that each token goes through the model once. Numbers
 * of sequences that ended are given again.
 */
public interface Past extends AutoCloseable {
    /** Bytes kept of a sequence of so many tokens. */
    long bytes(int tokens);

    /** Bytes it may keep at most, whatever else there is room for. */
    long capacity();

    /** Bytes that a wave takes beside what is kept. */
    long waveBytes();

    /**
     * Begins a sequence without tokens.
     *
     * @param tokens how many it may come to have
     * @return its number
     */
    int begin(int tokens);

    /** Tokens of a sequence that went through the model or are in a wave. */
    int length(int sequence);

    /**
     * Embeds the next tokens of some sequences. All layers of a wave have to run before the next wave begins.
     *
     * @param sequences their numbers, each once
     * @param next      token ids of each, at least one
     */
    Wave extend(int[] sequences, List<int[]> next);

    /** Forgets a sequence. */
    void end(int sequence);

    @Override
    void close();
}
