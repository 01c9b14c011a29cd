package io.moeplan.tensors.torch;

import io.moeplan.tensors.CheckpointException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The stack of a pickle's machine, with its marks, and its memo. */
final class PickleStack {
    /** What a value's place takes, and a number in it. */
    private static final int PLACE = 32;

    private final PickleInput in;
    private final List<Value> items = new ArrayList<>();
    private int[] marks = new int[16];
    private int marked;
    private Value[] memo = new Value[16];
    private int memoized;
    private int deepest;

    PickleStack(PickleInput in) {
        this.in = in;
    }

    void push(Value value) throws IOException {
        items.add(value);
        if (items.size() > deepest) {
            deepest++;
            in.take(PLACE);
        }
    }

    void mark() throws IOException {
        in.take(Integer.BYTES);
        if (marked == marks.length) {
            marks = Arrays.copyOf(marks, 2 * marked);
        }
        marks[marked++] = items.size();
    }

    private int floor() {
        return marked == 0 ? 0 : marks[marked - 1];
    }

    Value top() throws CheckpointException {
        if (items.size() <= floor()) {
            throw in.fault("an instruction finds nothing to work on");
        }
        return items.getLast();
    }

    Value pop() throws CheckpointException {
        Value value = top();
        items.removeLast();
        return value;
    }

    /** Takes the top, be it a value or a mark. */
    void drop() throws CheckpointException {
        if (marked > 0 && items.size() == floor()) {
            marked--;
        } else {
            pop();
        }
    }

    /** Takes everything above the last mark, and the mark, as a sequence. */
    Sequence popMarked(Sequence.Kind kind) throws CheckpointException {
        if (marked == 0) {
            throw in.fault("an instruction finds no mark");
        }
        return popLast(items.size() - marks[--marked], kind);
    }

    /** Takes the last {@code count} values as a sequence. */
    Sequence popLast(int count, Sequence.Kind kind) throws CheckpointException {
        int from = items.size() - count;
        if (from < floor()) {
            throw in.fault("an instruction finds fewer values than it needs");
        }
        Sequence taken = new Sequence(kind);
        List<Value> last = items.subList(from, items.size());
        last.forEach(taken::add);
        last.clear();
        return taken;
    }

    void memoize() throws CheckpointException {
        put(memoized);
    }

    /** Writers number what they keep in order, so no number is larger than the bytes that came before it. */
    void put(long index) throws CheckpointException {
        if (index < 0 || index > in.position() || index > Integer.MAX_VALUE - 8) {
            throw in.fault("it keeps a value under number " + index + ", more than there can be");
        }
        int slot = (int) index;
        if (slot >= memo.length) {
            memo = Arrays.copyOf(memo, Math.max(slot + 1, memo.length + (memo.length >> 1)));
        }
        memoized += memo[slot] == null ? 1 : 0;
        memo[slot] = top();
    }

    void get(long index) throws IOException {
        if (index < 0 || index >= memo.length || memo[(int) index] == null) {
            throw in.fault("it asks for value " + index + ", which was never kept");
        }
        push(memo[(int) index]);
    }
}
