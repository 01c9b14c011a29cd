package io.moeplan.tensors.torch;

import io.moeplan.tensors.DType;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/** What the few functions that a pickle may ask for would make of their arguments. */
final class Rebuilder {
    /** About what an entry of a dict takes on the heap. */
    private static final int ENTRY = 64;
    /** About what a tensor takes, without its elements. */
    private static final int TENSOR = 256;

    private final PickleInput in;
    private final TensorFactory tensors;

    Rebuilder(PickleInput in, TensorFactory tensors) {
        this.in = in;
        this.tensors = tensors;
    }

    Value call(Value function, Value arguments) throws IOException {
        if (!(function instanceof Value.Global(String name))) {
            throw in.fault("refused: it calls " + function.kind());
        }
        if (!(arguments instanceof Value.Items(Sequence values)) || values.kind() != Sequence.Kind.TUPLE) {
            throw in.fault(name + " is given " + arguments.kind() + ", expected a tuple");
        }
        return switch (name) {
            case Globals.REBUILD_V1, Globals.REBUILD_V2 -> tensor(name, values, null);
            case Globals.REBUILD_V3 -> tensor(name, values, dtype(argument(name, values, 6)));
            case Globals.PARAMETER -> parameter(argument(name, values, 0));
            case Globals.ORDERED_DICT -> orderedDict(values);
            case Globals.SIZE -> new Value.Items(sequence(name, argument(name, values, 0)));
            case Globals.DEVICE -> new Value.Opaque("a device");
            case Globals.ENCODE -> encode(values);
            default -> {
                if (Globals.SETS.contains(name)) {
                    yield set(name, values);
                }
                throw in.fault("refused: it calls " + name);
            }
        };
    }

    /** A persistent id: {@code ("storage", type, key, location, elements)}. The location does not matter here. */
    Value storage(Value id) throws IOException {
        boolean sound = id instanceof Value.Items(Sequence parts) && parts.size() == 5
                && parts.get(0) instanceof Value.Text(String word) && word.equals("storage");
        if (!sound) {
            throw in.fault("a persistent id that is no storage");
        }
        Sequence parts = ((Value.Items) id).value();
        if (!(parts.get(1) instanceof Value.Global(String type)) || !(parts.get(2) instanceof Value.Text(String key))
                || !(parts.get(4) instanceof Value.Int(long elements)) || elements < 0) {
            throw in.fault("a storage of which type, key or size is wrong");
        }
        if (Globals.UNTYPED.contains(type)) {
            return new Value.Storage(null, key, elements);
        }
        DType known = Globals.STORAGES.get(type);
        if (known == null) {
            throw in.fault("a storage of " + type);
        }
        return new Value.Storage(known, key, elements);
    }

    /** Adds keys and values, which alternate. */
    void putAll(Value.Dict dict, Sequence pairs) throws IOException {
        if (pairs.size() % 2 != 0) {
            throw in.fault("a key without a value");
        }
        for (int i = 0; i < pairs.size(); i += 2) {
            put(dict, pairs.get(i), pairs.get(i + 1));
        }
    }

    private void put(Value.Dict dict, Value key, Value value) throws IOException {
        Object plain = switch (key) {
            case Value.Text(String text) -> text;
            case Value.Int(long number) -> number;
            case Value.Real(double number) -> number;
            case Value.Bool(boolean bool) -> bool;
            default -> throw in.fault("a dict has " + key.kind() + " for a key; strings and numbers are read");
        };
        in.take(ENTRY);
        dict.put(plain, value);
    }

    private Value tensor(String name, Sequence values, DType given) throws IOException {
        if (!(argument(name, values, 0) instanceof Value.Storage storage)) {
            throw in.fault(name + " is given " + values.get(0).kind() + ", expected a storage");
        }
        if (!(argument(name, values, 1) instanceof Value.Int(long offset))) {
            throw in.fault(name + " is given " + values.get(1).kind() + " for an offset");
        }
        DType type = given == null ? storage.type() : given;
        if (type == null) {
            throw in.fault("a tensor without a type");
        }
        in.take(TENSOR);
        long[] shape = longs(name, argument(name, values, 2));
        long[] strides = longs(name, argument(name, values, 3));
        return new Value.Tensor(tensors.tensor(storage, type, offset, shape, strides));
    }

    private Value parameter(Value data) throws IOException {
        if (data instanceof Value.Tensor) {
            return data;
        }
        throw in.fault("a parameter made of " + data.kind());
    }

    private DType dtype(Value value) throws IOException {
        DType type = value instanceof Value.Global(String name) ? Globals.DTYPES.get(name) : null;
        if (type == null) {
            throw in.fault("a tensor of " + value.kind());
        }
        return type;
    }

    private Value orderedDict(Sequence values) throws IOException {
        Value.Dict dict = new Value.Dict();
        if (values.size() == 0) {
            return dict;
        }
        Sequence pairs = sequence(Globals.ORDERED_DICT, values.get(0));
        for (int i = 0; i < pairs.size(); i++) {
            Sequence pair = sequence(Globals.ORDERED_DICT, pairs.get(i));
            if (pair.size() != 2) {
                throw in.fault("an OrderedDict of other things than pairs");
            }
            put(dict, pair.get(0), pair.get(1));
        }
        return dict;
    }

    private Value set(String name, Sequence values) throws IOException {
        Sequence set = new Sequence(Sequence.Kind.SET);
        if (values.size() > 0) {
            Sequence given = sequence(name, values.get(0));
            in.take(8L * given.size());
            for (int i = 0; i < given.size(); i++) {
                set.add(given.get(i));
            }
        }
        return new Value.Items(set);
    }

    /** How protocols below 3 write bytes. */
    private Value encode(Sequence values) throws IOException {
        boolean latin1 = values.size() == 2 && values.get(1) instanceof Value.Text(String name)
                && (name.equals("latin1") || name.equals("latin-1"));
        if (!latin1 || !(values.get(0) instanceof Value.Text(String text))) {
            throw in.fault("refused: _codecs.encode of anything but latin1 text");
        }
        in.take(text.length());
        return new Value.Bytes(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    private Value argument(String name, Sequence values, int index) throws IOException {
        if (index >= values.size()) {
            throw in.fault(name + " is given " + values.size() + " arguments");
        }
        return values.get(index);
    }

    private Sequence sequence(String name, Value value) throws IOException {
        if (value instanceof Value.Items(Sequence items)) {
            return items;
        }
        throw in.fault(name + " is given " + value.kind() + ", expected a list");
    }

    private long[] longs(String name, Value value) throws IOException {
        Sequence items = sequence(name, value);
        if (items.size() > 64) {
            throw in.fault("a tensor of " + items.size() + " dimensions");
        }
        long[] numbers = new long[items.size()];
        for (int i = 0; i < numbers.length; i++) {
            if (!(items.get(i) instanceof Value.Int(long number))) {
                throw in.fault("a tensor's shape holds " + items.get(i).kind());
            }
            numbers[i] = number;
        }
        return numbers;
    }
}
