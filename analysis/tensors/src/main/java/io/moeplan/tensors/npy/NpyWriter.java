package io.moeplan.tensors.npy;

import io.moeplan.tensors.DType;
import io.moeplan.tensors.NewTensor;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.stream.Collectors;

/** Writes NumPy's {@code .npy}, format 1.0, in C order. */
public final class NpyWriter {
    /** Of magic, version, length and header together. */
    private static final int ALIGNMENT = 64;
    private static final int BEFORE_HEADER = 10;

    private NpyWriter() {}

    /**
     * Writes an array; the stream stays open.
     *
     * @throws IOException if the stream fails, or the values cannot be had
     */
    public static void write(OutputStream out, NewTensor tensor) throws IOException {
        String sizes = Arrays.stream(tensor.shape()).mapToObj(Long::toString)
                .collect(Collectors.joining(", ", "(", tensor.shape().length == 1 ? ",)" : ")"));
        String header = "{'descr': '" + (tensor.type() == DType.I32 ? "<i4" : "<i8")
                + "', 'fortran_order': False, 'shape': " + sizes + ", }";
        int padding = ALIGNMENT - (BEFORE_HEADER + header.length() + 1) % ALIGNMENT;
        byte[] text = (header + " ".repeat(padding) + "\n").getBytes(StandardCharsets.US_ASCII);
        out.write(new byte[]{(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, (byte) text.length,
            (byte) (text.length >> 8)});
        out.write(text);
        tensor.writeTo(out);
    }
}
