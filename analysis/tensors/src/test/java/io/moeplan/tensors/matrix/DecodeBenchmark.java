package io.moeplan.tensors.matrix;

import io.moeplan.tensors.DType;
import io.moeplan.tensors.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.Random;

/** Run by hand: how fast one thread decodes and checks a matrix larger than the caches, in each format. No arguments. */
final class DecodeBenchmark {
    private static final int OUT = 8192;
    private static final int IN = 8192;
    private static final int WIDTH = 256;
    private static final int DEPTH = 512;
    private static final int ROUNDS = 7;

    private DecodeBenchmark() {}

    public static void main(String[] arguments) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            Tensor bf16 = tensor(arena, "bf16", DType.BF16, 0x3f, OUT, IN);
            measure(PlainMatrix.of(bf16));
            measure(PlainMatrix.of(bf16).transposed());
            measure(PlainMatrix.of(bf16).transposed().rows(0, IN / 2, 2));
            measure(PlainMatrix.of(tensor(arena, "f16", DType.F16, 0x3f, OUT, IN)));
            measure(Fp8Matrix.of(tensor(arena, "fp8", DType.F8_E4M3, 0x3f, OUT, IN),
                    scales(arena, DType.F32, OUT / 128, IN / 128), 128, 128));
            measure(Mxfp4Matrix.of(tensor(arena, "blocks", DType.U8, 0xff, OUT, IN / 32, 16),
                    scales(arena, DType.U8, OUT, IN / 32)));
        }
    }

    /** Random bytes, without the bits outside {@code mask}: nothing that is infinite or NaN. */
    private static Tensor tensor(Arena arena, String name, DType type, int mask, long... shape) {
        long bytes = Arrays.stream(shape).reduce(type.bytes(), Math::multiplyExact);
        MemorySegment data = arena.allocate(bytes, 64);
        Random random = new Random(1);
        long masks = 0x0101010101010101L * mask;
        for (long i = 0; i + 8 <= bytes; i += 8) {
            data.set(ValueLayout.JAVA_LONG, i, random.nextLong() & masks);
        }
        return new Tensor(Path.of("memory"), name, type, shape, 0, data);
    }

    /** 2^-8 everywhere: scales that made denormal weights would be measured instead of the decoding. */
    private static Tensor scales(Arena arena, DType type, long... shape) {
        Tensor scales = tensor(arena, "scales", type, 0, shape);
        for (long i = 0; i < scales.elements(); i++) {
            if (type == DType.F32) {
                scales.data().set(ValueLayout.JAVA_FLOAT, i * 4, 0x1p-8f);
            } else {
                scales.data().set(ValueLayout.JAVA_BYTE, i, (byte) 119);
            }
        }
        return scales;
    }

    private static void measure(Matrix matrix) {
        float[][] transposed = new float[DEPTH][WIDTH];
        float[][] straight = new float[WIDTH][DEPTH];
        report(matrix, "readPanel", () -> panels(matrix, true, transposed));
        report(matrix, "readRows", () -> panels(matrix, false, straight));
        report(matrix, "firstNonFinite", () -> {
            Optional<Cell> cell = matrix.firstNonFinite();
            if (cell.isPresent()) {
                throw new IllegalStateException(matrix + " is not finite at " + cell.get());
            }
        });
    }

    private static void panels(Matrix matrix, boolean transposed, float[][] into) {
        for (int n = 0; n < matrix.rows(); n += WIDTH) {
            for (int k = 0; k < matrix.columns(); k += DEPTH) {
                if (transposed) {
                    matrix.readPanel(n, WIDTH, k, DEPTH, into);
                } else {
                    matrix.readRows(n, WIDTH, k, DEPTH, into);
                }
            }
        }
    }

    private static void report(Matrix matrix, String what, Runnable work) {
        long best = Long.MAX_VALUE;
        for (int round = 0; round < ROUNDS; round++) {
            long start = System.nanoTime();
            work.run();
            best = Math.min(best, System.nanoTime() - start);
        }
        System.out.printf("%-55s %-14s %6.2f G weights/s %6.2f GB/s%n", matrix.format() + " " + stored(matrix), what,
                (double) matrix.rows() * matrix.columns() / best, (double) matrix.bytes() / best);
    }

    private static String stored(Matrix matrix) {
        return switch (matrix) {
            case PlainMatrix plain -> "strides " + plain.rowStride() + ", " + plain.columnStride();
            case Fp8Matrix fp8 -> "blocks of " + fp8.blockRows();
            case Mxfp4Matrix mxfp4 -> "row step " + mxfp4.rowStep();
        };
    }
}
