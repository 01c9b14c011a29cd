package io.moeplan.engine.backend;

import java.util.Arrays;
import java.util.List;

/** Token sequences of one wave, laid out one after the other. */
public final class Sequences {
    private final int[] starts;
    private final int[] ids;
    private final int[] positions;
    private final int longest;

    /**
     * Lays sequences out.
     *
     * @param sequences token ids, each at least one long
     */
    public Sequences(List<int[]> sequences) {
        this(sequences, new int[sequences.size()]);
    }

    /**
     * Lays out parts of sequences.
     *
     * @param sequences token ids, each at least one long
     * @param first     the position of each one's first token
     */
    public Sequences(List<int[]> sequences, int[] first) {
        starts = new int[sequences.size() + 1];
        for (int s = 0; s < sequences.size(); s++) {
            starts[s + 1] = Math.addExact(starts[s], sequences.get(s).length);
        }
        ids = new int[starts[sequences.size()]];
        positions = new int[ids.length];
        int max = 0;
        for (int s = 0; s < sequences.size(); s++) {
            int[] sequence = sequences.get(s);
            System.arraycopy(sequence, 0, ids, starts[s], sequence.length);
            for (int i = 0; i < sequence.length; i++) {
                positions[starts[s] + i] = first[s] + i;
            }
            max = Math.max(max, sequence.length);
        }
        longest = max;
    }

    /** Number of sequences. */
    public int count() {
        return starts.length - 1;
    }

    /** Tokens of all sequences. */
    public int tokens() {
        return ids.length;
    }

    /** Tokens of the longest sequence. */
    public int longest() {
        return longest;
    }

    /** The wave's number of the first token of a sequence; that of sequence {@code count()} is {@link #tokens()}. */
    public int start(int sequence) {
        return starts[sequence];
    }

    /** The sequence of a token of the wave. */
    public int sequenceOf(int token) {
        int found = Arrays.binarySearch(starts, token);
        return found < 0 ? -found - 2 : found;
    }

    /** Vocabulary id of a token of the wave. */
    public int id(int token) {
        return ids[token];
    }

    /** Position of a token of the wave in its sequence, from 0. */
    public int position(int token) {
        return positions[token];
    }
}
