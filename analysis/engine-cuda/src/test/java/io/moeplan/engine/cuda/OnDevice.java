package io.moeplan.engine.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import io.moeplan.engine.cuda.driver.Cuda;
import io.moeplan.engine.cuda.driver.DeviceBuffer;
import io.moeplan.engine.cuda.driver.Kernels;
import io.moeplan.engine.cuda.driver.NumberType;
import io.moeplan.engine.cuda.driver.Stream;
import io.moeplan.engine.cuda.driver.Unavailable;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** A GPU for checks of one 16-bit type: random matrices there and back. Outputs hold NaN until they are written. */
final class OnDevice implements AutoCloseable {
    final Cuda cuda;
    final Kernels kernels;
    final Stream stream;
    final Random random = new Random(20);
    private final List<DeviceBuffer> buffers = new ArrayList<>();

    OnDevice(NumberType type) throws Unavailable {
        cuda = Cuda.open(0);
        kernels = new Kernels(cuda, type);
        stream = new Stream(cuda);
    }

    /** Normally distributed numbers that the type holds exactly. */
    float[] normal(int count, double scale) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) (random.nextGaussian() * scale);
        }
        return rounded(values);
    }

    private float[] rounded(float[] values) {
        MemorySegment one = MemorySegment.ofArray(new short[1]);
        for (int i = 0; i < values.length; i++) {
            one.set(ValueLayout.JAVA_SHORT, 0, encode(values[i]));
            values[i] = type().get(one, 0);
        }
        return values;
    }

    NumberType type() {
        return kernels.type();
    }

    /** To the nearest number of the type. */
    private short encode(float x) {
        int bits = Float.floatToRawIntBits(x);
        return type() == NumberType.FP16
                ? Float.floatToFloat16(x)
                : (short) ((bits + 0x7fff + (bits >>> 16 & 1)) >>> 16);
    }

    /** @param bf16 of bfloat16 */
    double tolerance(double bf16) {
        return type() == NumberType.FP16 ? bf16 / 8 : bf16;
    }

    long narrow(float[] values) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment host = arena.allocate(2L * values.length, 8);
            for (int i = 0; i < values.length; i++) {
                host.setAtIndex(ValueLayout.JAVA_SHORT, i, encode(values[i]));
            }
            return upload(host);
        }
    }

    long floats(float[] values) {
        try (Arena arena = Arena.ofConfined()) {
            return upload(arena.allocateFrom(ValueLayout.JAVA_FLOAT, values));
        }
    }

    long ints(int[] values) {
        try (Arena arena = Arena.ofConfined()) {
            return upload(arena.allocateFrom(ValueLayout.JAVA_INT, values));
        }
    }

    long bytes(byte[] values) {
        try (Arena arena = Arena.ofConfined()) {
            return upload(arena.allocateFrom(ValueLayout.JAVA_BYTE, values));
        }
    }

    private long upload(MemorySegment host) {
        DeviceBuffer buffer = new DeviceBuffer(cuda, host.byteSize());
        buffers.add(buffer);
        buffer.write(stream, 0, host);
        stream.synchronize();
        return buffer.address();
    }

    /** Room for a result, filled with what is NaN in every type. */
    DeviceBuffer room(long bytes) {
        DeviceBuffer buffer = new DeviceBuffer(cuda, bytes);
        buffers.add(buffer);
        buffer.fill(stream, (byte) 0xff);
        return buffer;
    }

    float[] readNarrow(DeviceBuffer buffer) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment host = download(arena, buffer);
            float[] values = new float[Math.toIntExact(buffer.bytes() / 2)];
            for (int i = 0; i < values.length; i++) {
                values[i] = type().get(host, i);
            }
            return values;
        }
    }

    float[] readFloats(DeviceBuffer buffer) {
        try (Arena arena = Arena.ofConfined()) {
            return download(arena, buffer).toArray(ValueLayout.JAVA_FLOAT);
        }
    }

    int[] readInts(DeviceBuffer buffer) {
        try (Arena arena = Arena.ofConfined()) {
            return download(arena, buffer).toArray(ValueLayout.JAVA_INT);
        }
    }

    byte[] readBytes(DeviceBuffer buffer) {
        try (Arena arena = Arena.ofConfined()) {
            return download(arena, buffer).toArray(ValueLayout.JAVA_BYTE);
        }
    }

    private MemorySegment download(Arena arena, DeviceBuffer buffer) {
        MemorySegment host = arena.allocate(buffer.bytes(), 8);
        buffer.read(stream, 0, host);
        stream.synchronize();
        return host;
    }

    /** The number that an e4m3 byte stands for. */
    static float e4m3(byte code) {
        int exponent = code >> 3 & 15;
        int fraction = code & 7;
        if (exponent == 15 && fraction == 7) {
            return Float.NaN;
        }
        float size = exponent == 0
                ? fraction * 0x1p-9f
                : (float) ((8 + fraction) * Math.pow(2, exponent - 10));
        return code < 0 ? -size : size;
    }

    /** The same numbers times a factor. */
    static double[] times(double factor, double[] values) {
        return Arrays.stream(values).map(value -> factor * value).toArray();
    }

    /** Fails unless the error's norm is within a part of the expected values' norm; NaN fails. */
    static void near(String what, float[] have, double[] want, double tolerance) {
        double error = 0;
        double norm = 0;
        for (int i = 0; i < want.length; i++) {
            error += (have[i] - want[i]) * (have[i] - want[i]);
            norm += want[i] * want[i];
        }
        double relative = Math.sqrt(error / norm);
        System.out.printf("%s: relative error %.1e%n", what, relative);
        assertThat(have).as(what).hasSize(want.length);
        assertThat(relative).as(what).isLessThan(tolerance);
    }

    @Override
    public void close() {
        buffers.forEach(DeviceBuffer::close);
        stream.close();
        kernels.close();
        cuda.close();
    }
}
