package io.moeplan.tensors.torch;

import io.moeplan.tensors.CheckpointException;
import io.moeplan.tensors.Printable;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * Reads pickles of protocols 0 to 5 (Python's {@code pickletools} is the description). Nothing is executed: a name that is
 * not in {@link Globals} ends it. Works instruction by instruction, without recursion, and makes a bounded number of bytes
 * of each, so that its time and memory are proportional to the pickle's size.
 */
final class Unpickler {
    private static final int HIGHEST_PROTOCOL = 5;
    /** About what a small object takes on the heap. */
    private static final int OBJECT = 64;
    private static final int MOST_DIGITS = 4096;

    private final PickleInput in;
    private final PickleStack stack;
    private final Rebuilder rebuilder;

    private Unpickler(PickleInput in, TensorFactory tensors) {
        this.in = in;
        this.stack = new PickleStack(in);
        this.rebuilder = new Rebuilder(in, tensors);
    }

    /** @throws IOException if the pickle is damaged, or holds or asks for anything but plain values and tensors */
    static Value read(Path path, MemorySegment pickle, TensorFactory tensors) throws IOException {
        return new Unpickler(new PickleInput(path, pickle), tensors).run();
    }

    private Value run() throws IOException {
        while (true) {
            int code = in.u8();
            if (code == '.') {
                return stack.pop();
            }
            if (!constant(code) && !container(code) && !memory(code)) {
                other(code);
            }
        }
    }

    private boolean constant(int code) throws IOException {
        Value value = switch (code) {
            case 'N' -> Value.None.NONE;
            case 0x88 -> new Value.Bool(true);
            case 0x89 -> new Value.Bool(false);
            case 'I' -> decimal(in.line());
            case 'J' -> new Value.Int(in.i32());
            case 'K' -> new Value.Int(in.u8());
            case 'M' -> new Value.Int(in.u16());
            case 'L' -> decimal(withoutSuffix(in.line()));
            case 0x8a -> integer(in.bytes(in.u8()));
            case 0x8b -> integer(in.bytes(in.u32()));
            case 'F' -> real(in.line());
            case 'G' -> new Value.Real(in.bigEndianDouble());
            case 'S' -> new Value.Text(PickleText.unquoted(in, in.line()));
            case 'T' -> latin1(in.u32());
            case 'U' -> latin1(in.u8());
            case 'V' -> new Value.Text(PickleText.unescaped(in, in.line()));
            case 'X' -> new Value.Text(in.utf8(in.u32()));
            case 0x8c -> new Value.Text(in.utf8(in.u8()));
            case 0x8d -> new Value.Text(in.utf8(in.i64()));
            case 'B' -> new Value.Bytes(in.bytes(in.u32()));
            case 'C' -> new Value.Bytes(in.bytes(in.u8()));
            case 0x8e, 0x96 -> new Value.Bytes(in.bytes(in.i64()));
            default -> null;
        };
        if (value == null) {
            return false;
        }
        // Whole numbers are counted where they stay: on the stack, or packed in a list.
        if (!(value instanceof Value.Int)) {
            in.take(OBJECT);
        }
        stack.push(value);
        return true;
    }

    private boolean container(int code) throws IOException {
        if (!change(code)) {
            if (!create(code)) {
                return false;
            }
            in.take(OBJECT);
        }
        return true;
    }

    private boolean create(int code) throws IOException {
        switch (code) {
            case ']' -> stack.push(new Value.Items(new Sequence(Sequence.Kind.LIST)));
            case 0x8f -> stack.push(new Value.Items(new Sequence(Sequence.Kind.SET)));
            case '}' -> stack.push(new Value.Dict());
            case ')' -> stack.push(new Value.Items(new Sequence(Sequence.Kind.TUPLE)));
            case 't' -> stack.push(new Value.Items(stack.popMarked(Sequence.Kind.TUPLE)));
            case 0x85 -> stack.push(new Value.Items(stack.popLast(1, Sequence.Kind.TUPLE)));
            case 0x86 -> stack.push(new Value.Items(stack.popLast(2, Sequence.Kind.TUPLE)));
            case 0x87 -> stack.push(new Value.Items(stack.popLast(3, Sequence.Kind.TUPLE)));
            case 'l' -> stack.push(new Value.Items(stack.popMarked(Sequence.Kind.LIST)));
            case 0x91 -> stack.push(new Value.Items(stack.popMarked(Sequence.Kind.SET)));
            case 'd' -> {
                Sequence pairs = stack.popMarked(Sequence.Kind.LIST);
                Value.Dict dict = new Value.Dict();
                rebuilder.putAll(dict, pairs);
                stack.push(dict);
            }
            default -> {
                return false;
            }
        }
        return true;
    }

    private boolean change(int code) throws IOException {
        switch (code) {
            case 'a' -> append(stack.popLast(1, Sequence.Kind.LIST));
            case 'e', 0x90 -> append(stack.popMarked(Sequence.Kind.LIST));
            case 's' -> set(stack.popLast(2, Sequence.Kind.LIST));
            case 'u' -> set(stack.popMarked(Sequence.Kind.LIST));
            default -> {
                return false;
            }
        }
        return true;
    }

    private boolean memory(int code) throws IOException {
        switch (code) {
            case '(' -> stack.mark();
            case '0' -> stack.drop();
            case '1' -> stack.popMarked(Sequence.Kind.LIST);
            case '2' -> stack.push(stack.top());
            case 'p' -> stack.put(number(in.line()));
            case 'q' -> stack.put(in.u8());
            case 'r' -> stack.put(in.u32());
            case 0x94 -> stack.memoize();
            case 'g' -> stack.get(number(in.line()));
            case 'h' -> stack.get(in.u8());
            case 'j' -> stack.get(in.u32());
            default -> {
                return false;
            }
        }
        return true;
    }

    private void other(int code) throws IOException {
        switch (code) {
            case 0x80 -> protocol(in.u8());
            case 0x95 -> in.i64();
            case 'c' -> {
                String module = in.line();
                stack.push(global(module, in.line()));
            }
            case 0x93 -> {
                Value name = stack.pop();
                stack.push(global(text(stack.pop()), text(name)));
            }
            case 'i' -> {
                String module = in.line();
                throw refused(module + "." + in.line());
            }
            case 'R' -> {
                Value arguments = stack.pop();
                stack.push(rebuilder.call(stack.pop(), arguments));
            }
            case 0x81 -> {
                Value arguments = stack.pop();
                stack.push(rebuilder.call(stack.pop(), arguments));
            }
            case 'b' -> build(stack.pop());
            case 'Q' -> stack.push(rebuilder.storage(stack.pop()));
            default -> throw in.fault(String.format("instruction 0x%02x is none that plain values and tensors need",
                    code));
        }
    }

    private void protocol(int version) throws IOException {
        if (version > HIGHEST_PROTOCOL) {
            throw in.fault("protocol " + version + ", expected at most " + HIGHEST_PROTOCOL);
        }
    }

    private Value.Global global(String module, String name) throws IOException {
        String full = module + "." + name;
        if (!Globals.isKnown(full)) {
            throw refused(full);
        }
        return new Value.Global(full);
    }

    private CheckpointException refused(String name) {
        String printable = Printable.of(name);
        return in.fault("refused: it asks for " + printable + "; only tensors, dicts, lists, tuples, sets, strings and"
                + " numbers are read, and nothing is run");
    }

    private String text(Value value) throws IOException {
        if (value instanceof Value.Text(String text)) {
            return text;
        }
        throw in.fault("expected a name, found " + value.kind());
    }

    private void append(Sequence added) throws IOException {
        if (!(stack.top() instanceof Value.Items(Sequence list)) || list.kind() == Sequence.Kind.TUPLE) {
            throw in.fault("items are added to " + stack.top().kind());
        }
        in.take((added.isInts() && list.isInts() ? Integer.BYTES : OBJECT / 2) * (long) added.size());
        for (int i = 0; i < added.size(); i++) {
            list.add(added.get(i));
        }
    }

    private void set(Sequence pairs) throws IOException {
        if (!(stack.top() instanceof Value.Dict dict)) {
            throw in.fault("keys are added to " + stack.top().kind());
        }
        rebuilder.putAll(dict, pairs);
    }

    /** Attributes of an OrderedDict, such as a state dict's {@code _metadata}, are of no use here. */
    private void build(Value state) throws IOException {
        if (!(stack.top() instanceof Value.Dict)) {
            throw in.fault("refused: it gives " + stack.top().kind() + " a state, " + state.kind());
        }
    }

    private Value latin1(long length) throws IOException {
        return new Value.Text(new String(in.bytes(length), StandardCharsets.ISO_8859_1));
    }

    /** Little-endian two's complement. */
    private static Value integer(byte[] bytes) {
        if (bytes.length > Long.BYTES) {
            return new Value.Opaque("an int of " + bytes.length + " bytes");
        }
        long value = bytes.length == 0 ? 0 : bytes[bytes.length - 1] >> 7;
        for (int i = bytes.length - 1; i >= 0; i--) {
            value = value << 8 | (bytes[i] & 0xff);
        }
        return new Value.Int(value);
    }

    private static String withoutSuffix(String line) {
        return line.endsWith("L") ? line.substring(0, line.length() - 1) : line;
    }

    private Value decimal(String line) throws IOException {
        return switch (line) {
            case "01" -> new Value.Bool(true);
            case "00" -> new Value.Bool(false);
            default -> line.length() > 19 && line.length() < MOST_DIGITS && line.chars().skip(1)
                    .allMatch(Character::isDigit)
                            ? new Value.Opaque("an int of " + line.length() + " digits")
                            : new Value.Int(number(line));
        };
    }

    private long number(String line) throws IOException {
        try {
            return Long.parseLong(line);
        } catch (NumberFormatException e) {
            throw in.fault("\"" + Printable.of(line) + "\" is no whole number");
        }
    }

    private Value real(String line) throws IOException {
        return switch (line) {
            case "nan" -> new Value.Real(Double.NaN);
            case "inf" -> new Value.Real(Double.POSITIVE_INFINITY);
            case "-inf" -> new Value.Real(Double.NEGATIVE_INFINITY);
            default -> {
                try {
                    // Python writes at most 24 characters; parsing long ones takes more than linear time.
                    yield new Value.Real(Double.parseDouble(line.substring(0, Math.min(line.length(), 64))));
                } catch (NumberFormatException e) {
                    throw in.fault("\"" + Printable.of(line) + "\" is no number");
                }
            }
        };
    }
}
