package io.moeplan.engine.cpu;

import io.moeplan.engine.backend.Sequences;

/** Where the keys and values of a wave's sequences are: in which memory, and which column of it. */
sealed interface Columns {
    /** Tokens of the sequences taken together at most; a longer sequence is taken alone. */
    int together();

    /** The memory of a sequence. */
    KeyValues keyValues(int sequence);

    /**
     * The number of the token in column 0, as tokens of the wave are counted.
     *
     * @param start the first token of the sequences that are taken together
     */
    int base(int sequence, int start);

    /** Which of the heads in memory is key head {@code head}, the first of those held. */
    int place(int head);

    /** Some sequences side by side in memory that is used again for the next, some heads at a time. */
    record Together(KeyValues all) implements Columns {
        @Override
        public int together() {
            return all.capacity();
        }

        @Override
        public KeyValues keyValues(int sequence) {
            return all;
        }

        @Override
        public int base(int sequence, int start) {
            return start;
        }

        @Override
        public int place(int head) {
            return 0;
        }
    }

    /** Each sequence in memory of its own that holds what came before this wave; columns are positions. */
    record Apart(KeyValues[] each, Sequences sequences) implements Columns {
        @Override
        public int together() {
            return Integer.MAX_VALUE;
        }

        @Override
        public KeyValues keyValues(int sequence) {
            return each[sequence];
        }

        @Override
        public int base(int sequence, int start) {
            int first = sequences.start(sequence);
            return first - sequences.position(first);
        }

        @Override
        public int place(int head) {
            return head;
        }
    }
}
