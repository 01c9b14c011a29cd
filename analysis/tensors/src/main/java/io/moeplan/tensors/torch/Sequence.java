package io.moeplan.tensors.torch;

import java.util.Arrays;

/** A list, tuple or set. As long as all its items are whole numbers of 32 bits, it takes four bytes for each. */
public final class Sequence {
    /** What Python calls it. */
    public enum Kind {
        LIST("list"), TUPLE("tuple"), SET("set");

        private final String word;

        Kind(String word) {
            this.word = word;
        }

        public String word() {
            return word;
        }
    }

    private static final int[] NO_NUMBERS = {};

    private final Kind kind;
    private int size;
    private int[] numbers = NO_NUMBERS;
    /** Null as long as {@link #numbers} holds all. */
    private Value[] values;

    Sequence(Kind kind) {
        this.kind = kind;
    }

    void add(Value value) {
        if (values == null && value instanceof Value.Int(long number) && number == (int) number) {
            if (size == numbers.length) {
                numbers = Arrays.copyOf(numbers, grown());
            }
            numbers[size++] = (int) number;
            return;
        }
        if (values == null) {
            values = new Value[Math.max(1, size)];
            for (int i = 0; i < size; i++) {
                values[i] = new Value.Int(numbers[i]);
            }
            numbers = NO_NUMBERS;
        }
        if (size == values.length) {
            values = Arrays.copyOf(values, grown());
        }
        values[size++] = value;
    }

    private int grown() {
        return Math.clamp(size + (size >> 1) + 4L, size + 1, Integer.MAX_VALUE - 8);
    }

    public Kind kind() {
        return kind;
    }

    public int size() {
        return size;
    }

    /**
     * One item.
     *
     * @throws IndexOutOfBoundsException if there is no such item
     */
    public Value get(int index) {
        if (index < 0 || index >= size) {
            throw new IndexOutOfBoundsException(index);
        }
        return values == null ? new Value.Int(numbers[index]) : values[index];
    }

    /** Whether all items are whole numbers of 32 bits. */
    public boolean isInts() {
        return values == null;
    }

    /**
     * All items.
     *
     * @throws IllegalStateException unless {@link #isInts}
     */
    public int[] ints() {
        if (values != null) {
            throw new IllegalStateException("a " + kind.word() + " of other things than numbers");
        }
        return Arrays.copyOf(numbers, size);
    }
}
