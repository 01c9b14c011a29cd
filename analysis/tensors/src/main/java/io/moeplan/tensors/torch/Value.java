package io.moeplan.tensors.torch;

import io.moeplan.tensors.DType;
import io.moeplan.tensors.StridedTensor;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/** What an archive may hold. Containers may hold themselves: never walk them without a bound on the depth. */
public sealed interface Value {
    /** Python's {@code None}. */
    enum None implements Value {
        NONE
    }

    record Bool(boolean value) implements Value {}

    record Int(long value) implements Value {}

    record Real(double value) implements Value {}

    record Text(String value) implements Value {}

    record Bytes(byte[] value) implements Value {}

    record Tensor(StridedTensor value) implements Value {}

    /** Lists, tuples and sets. */
    record Items(Sequence value) implements Value {}

    /** A value of no use here, in words: a device, an integer of more than 64 bits. */
    record Opaque(String what) implements Value {}

    /** A type or function by its name, e.g. {@code torch.float32}. Nothing is ever looked up or called by it. */
    record Global(String name) implements Value {}

    /**
     * A tensor's memory.
     *
     * @param type     of its elements, null if untyped: then elements are bytes
     * @param key      its name in the archive
     * @param elements how many
     */
    record Storage(DType type, String key, long elements) implements Value {}

    /** Python's dict and OrderedDict; keys are {@link String}, {@link Long}, {@link Double} or {@link Boolean}. */
    final class Dict implements Value {
        private final Map<Object, Value> entries = new LinkedHashMap<>(4);

        void put(Object key, Value value) {
            entries.put(key, value);
        }

        public Map<Object, Value> entries() {
            return Collections.unmodifiableMap(entries);
        }

        /** The value of a key, null if there is none. */
        public Value get(String key) {
            return entries.get(key);
        }
    }

    /** What kind of value it is, in Python's words. */
    default String kind() {
        return switch (this) {
            case None none -> "None";
            case Bool bool -> "a bool";
            case Int number -> "an int";
            case Real real -> "a float";
            case Text text -> "a string";
            case Bytes bytes -> "bytes";
            case Tensor tensor -> "a tensor " + tensor.value();
            case Items items -> "a " + items.value().kind().word();
            case Opaque opaque -> opaque.what();
            case Global global -> global.name();
            case Storage storage -> "a storage";
            case Dict dict -> "a dict";
        };
    }
}
