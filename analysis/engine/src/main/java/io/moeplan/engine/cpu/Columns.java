package io.moeplan.engine.cpu;

/** Where the keys and values of a wave's sequences are: in which memory, and in which of its heads. */
sealed interface Columns {
    /** Blocks of the sequences taken together at most; a longer sequence is taken alone. */
    int together();

    /** The memory of a sequence. */
    KeyValues keyValues(int sequence);

    /**
     * The block that a sequence begins with.
     *
     * @param before blocks of the sequences before it that it is taken together with
     */
    int first(int before);

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
        public int first(int before) {
            return before;
        }

        @Override
        public int place(int head) {
            return 0;
        }
    }

    /** Each sequence in memory of its own that holds what came before this wave. */
    record Apart(KeyValues[] each) implements Columns {
        @Override
        public int together() {
            return Integer.MAX_VALUE;
        }

        @Override
        public KeyValues keyValues(int sequence) {
            return each[sequence];
        }

        @Override
        public int first(int before) {
            return 0;
        }

        @Override
        public int place(int head) {
            return head;
        }
    }
}
