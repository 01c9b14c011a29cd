package io.moeplan.tensors.matrix;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.moeplan.tensors.CheckpointException;
import io.moeplan.tensors.DType;
import io.moeplan.tensors.Tensor;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Slices, strides, refusals and the search for infinities; {@link FormatsTest} has the values. */
final class MatrixTest {
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED
            .withOrder(ByteOrder.LITTLE_ENDIAN);

    private static Tensor tensor(String name, DType type, long... shape) {
        int bytes = (int) Arrays.stream(shape).reduce(type.bytes(), Math::multiplyExact);
        return new Tensor(Path.of("x.safetensors"), name, type, shape, 0, MemorySegment.ofArray(new byte[bytes]));
    }

    /** bfloat16 {@code 0, 1, 2, ...}: exact up to 256, the tests look at no larger ones. */
    private static Tensor counting(long... shape) {
        Tensor tensor = tensor("w", DType.BF16, shape);
        for (int i = 0; i < tensor.elements(); i++) {
            tensor.data().set(SHORT, i * 2L, (short) (Float.floatToIntBits(i) >> 16));
        }
        return tensor;
    }

    private static float[] expected(int rows, int columns, int offset, int rowStride, int columnStride) {
        float[] values = new float[rows * columns];
        for (int i = 0; i < values.length; i++) {
            values[i] = offset + i / columns * rowStride + i % columns * columnStride;
        }
        return values;
    }

    @Test
    void slicesOfFusedTensors() throws IOException {
        Tensor fused = counting(3, 6, 10);
        PlainMatrix expert = PlainMatrix.expert(fused, 2);
        FormatsTest.assertReads(expert, expected(6, 10, 120, 10, 1));
        FormatsTest.assertReads(expert.rows(3, 3, 1), expected(3, 10, 150, 10, 1));
        FormatsTest.assertReads(expert.transposed(), expected(10, 6, 120, 1, 10));
        FormatsTest.assertReads(expert.transposed().rows(0, 5, 2), expected(5, 6, 120, 2, 10));
        FormatsTest.assertReads(expert.transposed().rows(1, 5, 2), expected(5, 6, 121, 2, 10));
        FormatsTest.assertReads(expert.transposed().rows(5, 5, 1), expected(5, 6, 125, 1, 10));
        FormatsTest.assertReads(expert.transposed().rows(1, 2, 7), expected(2, 6, 121, 7, 10));
        assertThat(expert.rows(3, 3, 1).bytes()).isEqualTo(60);
        assertThatThrownBy(() -> expert.rows(4, 3, 1)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> expert.rows(0, 4, 2)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> expert.read(0, 8, new float[9], 0, 3)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> expert.readPanel(5, 2, 0, 1, new float[1][2]))
                .isInstanceOf(IndexOutOfBoundsException.class);
    }

    @Test
    void longRowsInChunks() throws IOException {
        Tensor tensor = tensor("w", DType.BF16, 2, 2501);
        Random random = new Random(4);
        float[] expected = new float[5002];
        for (int i = 0; i < expected.length; i++) {
            short bits = (short) (Float.floatToIntBits((float) random.nextGaussian()) >> 16);
            tensor.data().set(SHORT, i * 2L, bits);
            expected[i] = Float.intBitsToFloat(bits << 16);
        }
        FormatsTest.assertReads(PlainMatrix.of(tensor), expected);
    }

    @Test
    void givesBfloat16AsItLies() throws IOException {
        PlainMatrix up = PlainMatrix.expert(counting(2, 4, 6), 1).transposed().rows(1, 3, 2);
        Bf16View view = up.bf16().orElseThrow();
        assertThat(view.rowStride()).isEqualTo(2);
        assertThat(view.columnStride()).isEqualTo(6);
        assertThat(view.data().byteSize()).isEqualTo(2 * (2 * 2 + 3 * 6 + 1));
        assertThat(Float.intBitsToFloat(view.data().get(SHORT, 0) << 16)).isEqualTo(25);
        assertThat(PlainMatrix.of(tensor("h", DType.F16, 2, 2)).bf16()).isEmpty();
    }

    @Test
    void movesToOtherMemory() throws IOException {
        PlainMatrix matrix = PlainMatrix.of(tensor("w", DType.BF16, 4, 5)).rows(1, 2, 2);
        Tensor other = counting(4, 5);
        FormatsTest.assertReads(matrix.over(tensor -> tensor.in(other.data())), expected(2, 5, 5, 10, 1));
        assertThatThrownBy(() -> matrix.over(tensor -> counting(5, 4))).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> other.in(MemorySegment.ofArray(new byte[3])))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @ParameterizedTest
    @EnumSource(value = DType.class, names = {"BF16", "F16", "F32", "F64"})
    void findsTheFirstInfinity(DType type) throws IOException {
        byte[] infinity = switch (type) {
            case BF16 -> new byte[]{(byte) 0x80, (byte) 0xff};
            case F16 -> new byte[]{0, 0x7c};
            case F32 -> new byte[]{1, 0, (byte) 0x80, 0x7f};
            default -> new byte[]{0, 0, 0, 0, 0, 0, (byte) 0xf0, 0x7f};
        };
        Random random = new Random(5);
        for (int round = 0; round < 40; round++) {
            Tensor tensor = tensor("w", type, 9, 211);
            PlainMatrix matrix = PlainMatrix.of(tensor);
            assertThat(matrix.firstNonFinite()).isEmpty();
            matrix.requireFinite();
            int row = random.nextInt(9);
            int column = random.nextInt(211);
            MemorySegment.copy(MemorySegment.ofArray(infinity), 0, tensor.data(),
                    ((long) row * 211 + column) * type.bytes(), type.bytes());
            assertThat(matrix.firstNonFinite()).contains(new Cell(row, column));
            assertThat(matrix.transposed().firstNonFinite()).contains(new Cell(column, row));
            boolean odd = column % 2 == 1;
            assertThat(matrix.transposed().rows(1, 105, 2).firstNonFinite().isPresent()).isEqualTo(odd);
            assertThatThrownBy(matrix::requireFinite).isInstanceOf(CheckpointException.class)
                    .hasMessageContaining("tensor w holds").hasMessageContaining("output " + row);
        }
    }

    @Test
    void findsInfinitiesOfScaledWeights() throws IOException {
        Tensor weight = tensor("w", DType.F8_E4M3, 5, 40);
        Tensor scale = tensor("s", DType.F32, 3, 3);
        Fp8Matrix matrix = Fp8Matrix.of(weight, scale, 2, 16);
        assertThat(matrix.firstNonFinite()).isEmpty();
        weight.data().set(ValueLayout.JAVA_BYTE, 3 * 40 + 39, (byte) 0xff);
        assertThat(matrix.firstNonFinite()).contains(new Cell(3, 39));
        scale.data().set(ValueLayout.JAVA_FLOAT_UNALIGNED, 4 * 4, Float.NaN);
        assertThat(matrix.firstNonFinite()).contains(new Cell(2, 16));
        scale.data().set(ValueLayout.JAVA_FLOAT_UNALIGNED, 4, Float.MAX_VALUE);
        assertThat(matrix.firstNonFinite()).contains(new Cell(2, 16));
        weight.data().set(ValueLayout.JAVA_BYTE, 40 + 20, (byte) 0x7e);
        assertThat(matrix.firstNonFinite()).contains(new Cell(1, 20));

        Tensor blocks = tensor("b", DType.U8, 4, 2, 16);
        Tensor scales = tensor("c", DType.U8, 4, 2);
        Mxfp4Matrix mxfp4 = Mxfp4Matrix.of(blocks, scales);
        scales.data().set(ValueLayout.JAVA_BYTE, 3, (byte) 254);
        assertThat(mxfp4.firstNonFinite()).isEmpty();
        blocks.data().set(ValueLayout.JAVA_BYTE, 3 * 16 + 2, (byte) 0x70);
        assertThat(mxfp4.firstNonFinite()).contains(new Cell(1, 37));
        scales.data().set(ValueLayout.JAVA_BYTE, 0, (byte) 255);
        assertThat(mxfp4.firstNonFinite()).contains(new Cell(0, 0));
    }

    static Stream<Arguments> refusals() {
        Tensor fp8 = tensor("w", DType.F8_E4M3, 20, 30);
        Tensor blocks = tensor("b", DType.U8, 2, 4, 3, 16);
        return Stream.of(refused(() -> PlainMatrix.of(tensor("w", DType.I8, 2, 2)), "is I8"),
                refused(() -> PlainMatrix.of(tensor("w", DType.BF16, 2, 2, 2)), "expected [out, in]"),
                refused(() -> PlainMatrix.of(tensor("w", DType.BF16, 0, 2)), "shape [0, 2]"),
                refused(() -> PlainMatrix.expert(tensor("w", DType.BF16, 2, 2, 2), 2), "there is no expert 2"),
                refused(() -> Fp8Matrix.of(tensor("w", DType.BF16, 20, 30), tensor("s", DType.F32, 2, 2), 16, 16),
                        "is BF16"),
                refused(() -> Fp8Matrix.of(fp8, tensor("s", DType.U8, 2, 2), 16, 16), "scales are F32"),
                refused(() -> Fp8Matrix.of(fp8, tensor("s", DType.F32, 2, 1), 16, 16),
                        "tensor s has shape [2, 1]; for w [20, 30] it has to be [2, 2]"),
                refused(() -> Fp8Matrix.of(fp8, tensor("s", DType.F32, 2, 2)), "weight_block_size"),
                refused(() -> Fp8Matrix.expert(tensor("w", DType.F8_E4M3, 2, 20, 30), tensor("s", DType.F32, 2, 2), 16,
                        16, 0), "it has to be [2, 2, 2]"),
                refused(() -> Mxfp4Matrix.expert(blocks, tensor("s", DType.U8, 2, 4, 4), 0),
                        "tensor s is U8[2, 4, 4]; for b [2, 4, 3, 16] it has to be U8[2, 4, 3]"),
                refused(() -> Mxfp4Matrix.expert(blocks, tensor("s", DType.F32, 2, 4, 3), 0), "is F32"),
                refused(() -> Mxfp4Matrix.expert(tensor("b", DType.U8, 2, 4, 3, 8), tensor("s", DType.U8, 2, 4, 3), 0),
                        "16 bytes each"),
                refused(() -> Mxfp4Matrix.of(blocks, tensor("s", DType.U8, 2, 4, 3)), "[out, groups, 16]"));
    }

    private static Arguments refused(ThrowingCallable call, String problem) {
        return Arguments.of(call, problem);
    }

    @ParameterizedTest(name = "{1}")
    @MethodSource("refusals")
    void refusesWhatIsNotTheFormat(ThrowingCallable call, String problem) {
        assertThatThrownBy(call).isInstanceOf(CheckpointException.class).hasMessageStartingWith("x.safetensors: ")
                .hasMessageContaining(problem);
    }
}
