package io.moeplan.recording.parquet;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.Consumer;

/** Thrift's compact protocol, as far as Parquet's metadata needs it. Fields of a struct are written in ascending order. */
final class ThriftOutput {
    private static final int I32 = 5;
    private static final int I64 = 6;
    private static final int BINARY = 8;
    private static final int LIST = 9;
    private static final int STRUCT = 12;
    private static final int LONG_LIST = 15;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    /** The last field written in each open struct. */
    private final Deque<Integer> last = new ArrayDeque<>(List.of(0));

    byte[] bytes() {
        return out.toByteArray();
    }

    ThriftOutput i32(int field, int value) {
        header(field, I32);
        zigzag(value);
        return this;
    }

    ThriftOutput i64(int field, long value) {
        header(field, I64);
        zigzag(value);
        return this;
    }

    ThriftOutput text(int field, String value) {
        header(field, BINARY);
        string(value);
        return this;
    }

    ThriftOutput struct(int field, Consumer<ThriftOutput> content) {
        header(field, STRUCT);
        nested(content);
        return this;
    }

    <T> ThriftOutput structs(int field, List<T> items, BiConsumer<ThriftOutput, T> content) {
        list(field, STRUCT, items.size());
        items.forEach(item -> nested(self -> content.accept(self, item)));
        return this;
    }

    ThriftOutput i32s(int field, List<Integer> values) {
        list(field, I32, values.size());
        values.forEach(this::zigzag);
        return this;
    }

    ThriftOutput texts(int field, List<String> values) {
        list(field, BINARY, values.size());
        values.forEach(this::string);
        return this;
    }

    /** Ends the outermost struct. */
    ThriftOutput stop() {
        out.write(0);
        return this;
    }

    private void nested(Consumer<ThriftOutput> content) {
        last.push(0);
        content.accept(this);
        out.write(0);
        last.pop();
    }

    private void header(int field, int type) {
        int delta = field - last.pop();
        last.push(field);
        out.write((delta << 4) | type);
    }

    private void list(int field, int type, int size) {
        header(field, LIST);
        if (size < LONG_LIST) {
            out.write((size << 4) | type);
        } else {
            out.write((LONG_LIST << 4) | type);
            varint(out, size);
        }
    }

    private void string(String value) {
        byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
        varint(out, bytes.length);
        out.writeBytes(bytes);
    }

    private void zigzag(long value) {
        varint(out, (value << 1) ^ (value >> 63));
    }

    /** Seven bits a byte, the lowest first. */
    static void varint(ByteArrayOutputStream out, long value) {
        long rest = value;
        while ((rest & ~0x7fL) != 0) {
            out.write((int) ((rest & 0x7f) | 0x80));
            rest >>>= 7;
        }
        out.write((int) rest);
    }
}
