package io.moeplan.engine.gemm;

import io.moeplan.tensors.CheckpointException;
import io.moeplan.tensors.DType;
import io.moeplan.tensors.Tensor;
import io.moeplan.tensors.matrix.Fp8Matrix;
import io.moeplan.tensors.matrix.Matrix;
import io.moeplan.tensors.matrix.Mxfp4Matrix;
import io.moeplan.tensors.matrix.PlainMatrix;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;

/** Random weight matrices {@code [out][in]} in every form that checkpoints have them in, in native memory. */
public enum Weights {
    BF16 {
        @Override
        Matrix matrix(Arena arena, Random random, int out, int in) throws CheckpointException {
            return PlainMatrix.of(plain(arena, random, DType.BF16, out, in));
        }
    },
    BF16_TRANSPOSED {
        @Override
        Matrix matrix(Arena arena, Random random, int out, int in) throws CheckpointException {
            return PlainMatrix.expert(plain(arena, random, DType.BF16, 2, in, out), 1).transposed();
        }
    },
    BF16_EVERY_SECOND_ROW {
        @Override
        Matrix matrix(Arena arena, Random random, int out, int in) throws CheckpointException {
            return PlainMatrix.of(plain(arena, random, DType.BF16, 2L * out, in)).rows(1, out, 2);
        }
    },
    BF16_EVERY_SECOND_COLUMN_TRANSPOSED {
        @Override
        Matrix matrix(Arena arena, Random random, int out, int in) throws CheckpointException {
            return PlainMatrix.of(plain(arena, random, DType.BF16, in, 2L * out)).transposed().rows(0, out, 2);
        }
    },
    BF16_UNALIGNED {
        @Override
        Matrix matrix(Arena arena, Random random, int out, int in) throws CheckpointException {
            Tensor tensor = plain(arena, random, DType.BF16, out, in);
            MemorySegment odd = arena.allocate(tensor.data().byteSize() + 1).asSlice(1);
            return PlainMatrix.of(tensor.in(odd.copyFrom(tensor.data())));
        }
    },
    BF16_ON_THE_HEAP {
        @Override
        Matrix matrix(Arena arena, Random random, int out, int in) throws CheckpointException {
            Tensor tensor = plain(arena, random, DType.BF16, out, in);
            return PlainMatrix.of(tensor.in(MemorySegment.ofArray(tensor.data().toArray(ValueLayout.JAVA_BYTE))));
        }
    },
    F16 {
        @Override
        Matrix matrix(Arena arena, Random random, int out, int in) throws CheckpointException {
            return PlainMatrix.of(plain(arena, random, DType.F16, out, in));
        }
    },
    F32 {
        @Override
        Matrix matrix(Arena arena, Random random, int out, int in) throws CheckpointException {
            return PlainMatrix.of(plain(arena, random, DType.F32, out, in));
        }
    },
    F32_TRANSPOSED {
        @Override
        Matrix matrix(Arena arena, Random random, int out, int in) throws CheckpointException {
            return PlainMatrix.of(plain(arena, random, DType.F32, in, out)).transposed();
        }
    },
    F64 {
        @Override
        Matrix matrix(Arena arena, Random random, int out, int in) throws CheckpointException {
            return PlainMatrix.of(plain(arena, random, DType.F64, out, in));
        }
    },
    FP8 {
        @Override
        Matrix matrix(Arena arena, Random random, int out, int in) throws CheckpointException {
            Tensor weight = bytes(arena, random, DType.F8_E4M3, 0x77, out, in);
            int rows = Math.ceilDiv(out, 128);
            Tensor scale = plain(arena, random, DType.F32, rows, Math.ceilDiv(in, 128));
            return Fp8Matrix.of(weight, scale, 128, 128);
        }
    },
    MXFP4 {
        @Override
        Matrix matrix(Arena arena, Random random, int out, int in) throws CheckpointException {
            int groups = Math.ceilDiv(in, 32);
            Tensor scales = tensor(arena, DType.U8, out, groups);
            for (int i = 0; i < scales.elements(); i++) {
                scales.data().set(ValueLayout.JAVA_BYTE, i, (byte) (122 + random.nextInt(5)));
            }
            return Mxfp4Matrix.of(bytes(arena, random, DType.U8, 0xff, out, groups, 16), scales);
        }
    };

    /** Such a matrix; MXFP4 rounds {@code in} up to groups of 32. */
    abstract Matrix matrix(Arena arena, Random random, int out, int in) throws CheckpointException;

    public final Matrix random(Arena arena, Random random, int out, int in) {
        try {
            return matrix(arena, random, out, in);
        } catch (CheckpointException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Tensor tensor(Arena arena, DType type, long... shape) {
        long bytes = Arrays.stream(shape).reduce(type.bytes(), Math::multiplyExact);
        return new Tensor(Path.of("x.safetensors"), "w", type, shape, 0, arena.allocate(bytes));
    }

    private static Tensor bytes(Arena arena, Random random, DType type, int mask, long... shape) {
        Tensor tensor = tensor(arena, type, shape);
        for (long i = 0; i < tensor.elements(); i++) {
            tensor.data().set(ValueLayout.JAVA_BYTE, i, (byte) (random.nextInt() & mask));
        }
        return tensor;
    }

    private static Tensor plain(Arena arena, Random random, DType type, long... shape) {
        Tensor tensor = tensor(arena, type, shape);
        for (long i = 0; i < tensor.elements(); i++) {
            float value = random.nextFloat() - 0.5f;
            switch (type) {
                case BF16 -> tensor.data().set(ValueLayout.JAVA_SHORT, i * 2,
                        (short) (Float.floatToRawIntBits(value) >> 16));
                case F16 -> tensor.data().set(ValueLayout.JAVA_SHORT, i * 2, Float.floatToFloat16(value));
                case F32 -> tensor.data().set(ValueLayout.JAVA_FLOAT, i * 4, value);
                default -> tensor.data().set(ValueLayout.JAVA_DOUBLE, i * 8, value);
            }
        }
        return tensor;
    }
}
