package io.moeplan.tensors.torch;

import io.moeplan.tensors.DType;
import io.moeplan.tensors.NewTensor;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** A pickle of protocol 2, with tensors as {@code torch.save} has them: storage {@code i} is tensor {@code i}. */
final class PickleOutput {
    private static final int PROTOCOL = 0x80;
    private static final int NEW_TRUE = 0x88;
    private static final int NEW_FALSE = 0x89;
    private static final int LONG1 = 0x8a;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final List<NewTensor> tensors = new ArrayList<>();

    /** Writes the value; returns its tensors in the order of their storages. */
    List<NewTensor> root(Object value) {
        out.write(PROTOCOL);
        out.write(2);
        value(value);
        out.write('.');
        return List.copyOf(tensors);
    }

    byte[] bytes() {
        return out.toByteArray();
    }

    private void value(Object value) {
        switch (value) {
            case null -> out.write('N');
            case Boolean flag -> out.write(flag ? NEW_TRUE : NEW_FALSE);
            case Integer number -> number(number);
            case Long number -> number(number);
            case Double number -> {
                out.write('G');
                out.writeBytes(ByteBuffer.allocate(8).putDouble(number).array());
            }
            case String text -> text(text);
            case NewTensor tensor -> tensor(tensor);
            case Map<?, ?> dict -> dict(dict);
            default -> throw new IllegalArgumentException("a " + value.getClass().getSimpleName() + " is not written");
        }
    }

    private void dict(Map<?, ?> dict) {
        out.write('}');
        out.write('(');
        dict.forEach((key, value) -> {
            text((String) key);
            value(value);
        });
        out.write('u');
    }

    private void number(long number) {
        if (number == (int) number) {
            out.write('J');
            out.writeBytes(little(4).putInt((int) number).array());
        } else {
            out.write(LONG1);
            out.write(8);
            out.writeBytes(little(8).putLong(number).array());
        }
    }

    private void text(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        out.write('X');
        out.writeBytes(little(4).putInt(bytes.length).array());
        out.writeBytes(bytes);
    }

    private void tensor(NewTensor tensor) {
        global("torch._utils", "_rebuild_tensor_v2");
        out.write('(');
        storage(tensor);
        number(0);
        longs(tensor.shape());
        longs(strides(tensor.shape()));
        out.write(NEW_FALSE);
        global("collections", "OrderedDict");
        out.write(')');
        out.write('R');
        out.write('t');
        out.write('R');
    }

    /** The persistent id {@code ("storage", type, key, location, elements)}. */
    private void storage(NewTensor tensor) {
        out.write('(');
        text("storage");
        global("torch", tensor.type() == DType.I32 ? "IntStorage" : "LongStorage");
        text(Integer.toString(tensors.size()));
        text("cpu");
        number(tensor.elements());
        out.write('t');
        out.write('Q');
        tensors.add(tensor);
    }

    private void longs(long[] numbers) {
        out.write('(');
        for (long number : numbers) {
            number(number);
        }
        out.write('t');
    }

    private static long[] strides(long[] shape) {
        long[] strides = new long[shape.length];
        long stride = 1;
        for (int d = shape.length - 1; d >= 0; d--) {
            strides[d] = stride;
            stride = Math.multiplyExact(stride, Math.max(1, shape[d]));
        }
        return strides;
    }

    private void global(String module, String name) {
        out.writeBytes(("c" + module + "\n" + name + "\n").getBytes(StandardCharsets.US_ASCII));
    }

    private static ByteBuffer little(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }
}
