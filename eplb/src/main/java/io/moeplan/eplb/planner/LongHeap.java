package io.moeplan.eplb.planner;

/**
 * A binary min-heap of {@code (non-negative float, index)} pairs, each packed into one long: the float's bits, which sort
 * as the float does, above the index, so that equal floats come out lower index first.
 */
final class LongHeap {
    private final long[] keys;
    private int size;

    LongHeap(int capacity) {
        keys = new long[capacity];
    }

    /** A key that sorts by value, then by index, both ascending. */
    static long ascending(float value, int index) {
        return (long) Float.floatToRawIntBits(value) << 32 | index;
    }

    /** A key that sorts by value descending, then by index ascending. */
    static long descending(float value, int index) {
        return (long) (Integer.MAX_VALUE - Float.floatToRawIntBits(value)) << 32 | index;
    }

    static int index(long key) {
        return (int) key;
    }

    void clear() {
        size = 0;
    }

    void add(long key) {
        int at = size++;
        while (at > 0 && keys[(at - 1) >> 1] > key) {
            keys[at] = keys[(at - 1) >> 1];
            at = (at - 1) >> 1;
        }
        keys[at] = key;
    }

    long least() {
        return keys[0];
    }

    void removeLeast() {
        size--;
        if (size > 0) {
            sink(keys[size]);
        }
    }

    void replaceLeast(long key) {
        sink(key);
    }

    private void sink(long key) {
        int at = 0;
        int child = 1;
        while (child < size) {
            if (child + 1 < size && keys[child + 1] < keys[child]) {
                child++;
            }
            if (keys[child] >= key) {
                break;
            }
            keys[at] = keys[child];
            at = child;
            child = 2 * at + 1;
        }
        keys[at] = key;
    }
}
