package io.moeplan.engine.gemm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.fail;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.moeplan.tensors.matrix.Matrix;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Every implementation that the machine has. */
final class GemmTest {
    static final List<Gemm> ALL = Stream.of(Gemms.all(), split(), Ladder.of("plain").all()).flatMap(List::stream)
            .toList();

    /** The one for processors with AMX, if it can be tried here. */
    private static List<Gemm> split() {
        List<OneDnnGemm> all = Gemms.all().stream().filter(OneDnnGemm.class::isInstance).map(OneDnnGemm.class::cast)
                .sorted(Comparator.comparing(OneDnnGemm::precision).reversed()).toList();
        return all.size() == 2 ? List.of(new SplitGemm(all.getFirst(), all.getLast())) : List.of();
    }

    /** How far a product may be off, as a share of the sum of its terms' sizes. */
    private static double unit(Gemm gemm, Matrix weight) {
        if (gemm instanceof SplitGemm) {
            return weight.bf16().isPresent() ? 1.0 / (1 << 17) : 1.0 / (1 << 20);
        }
        return gemm.precision() == Precision.BF16 ? 1.0 / 256 : 1.0 / (1 << 20);
    }

    /** The same sums in the same order, so that a recording does not depend on how Java was started. */
    @ParameterizedTest
    @EnumSource(Weights.class)
    void vectorsComputeWhatPlainJavaDoes(Weights weights) {
        assumeTrue(VectorGemm.problem().isEmpty(), "no Vector API here");
        Random random = new Random(5);
        for (int[] shape : new int[][]{{1, 5, 7}, {6, 300, 288}, {1027, 33, 520}}) {
            try (Arena arena = Arena.ofShared()) {
                Matrix weight = weights.random(arena, random, shape[1], shape[2]);
                Rows x = random(arena, random, shape[0], weight.columns(), shape[0]);
                Rows plain = Rows.allocate(arena, Element.F32, shape[0], weight.rows(), shape[0]);
                Rows vectors = Rows.allocate(arena, Element.F32, shape[0], weight.rows(), shape[0]);
                new PlainGemm("test").multiply(weight, x, plain);
                new VectorGemm("test").multiply(weight, x, vectors);
                assertThat(vectors.data().mismatch(plain.data())).isEqualTo(-1);
            }
        }
    }

    static Stream<Arguments> formats() {
        return ALL.stream()
                .flatMap(gemm -> Stream.of(Weights.values()).map(weights -> Arguments.of(gemm.name(), gemm, weights)));
    }

    private static Rows random(Arena arena, Random random, int rows, int width, int room) {
        Rows x = Rows.allocate(arena, Element.F32, rows, width, room);
        for (long i = 0; i < x.data().byteSize() / 4; i++) {
            x.data().setAtIndex(ValueLayout.JAVA_FLOAT, i, random.nextFloat() - 0.5f);
        }
        return x;
    }

    private static float value(Rows rows, int row, int column) {
        return rows.data().get(ValueLayout.JAVA_FLOAT_UNALIGNED, rows.at(row) + column * 4L);
    }

    /** Products within the rounding of the inputs (bfloat16 keeps 8 bits) and of the sum. */
    private static void assertProduct(Gemm gemm, Matrix weight, Rows x, Rows y) {
        float[] row = new float[weight.columns()];
        double unit = unit(gemm, weight);
        for (int j = 0; j < weight.rows(); j++) {
            weight.read(j, 0, row, 0, row.length);
            for (int i = 0; i < x.rows(); i++) {
                double sum = 0;
                double size = 0;
                for (int k = 0; k < row.length; k++) {
                    double product = (double) value(x, i, k) * row[k];
                    sum += product;
                    size += Math.abs(product);
                }
                double error = Math.abs(value(y, i, j) - sum);
                if (!(error <= 1e-6 + unit * size)) {
                    fail("[%d][%d] is %s, expected %s", i, j, value(y, i, j), sum);
                }
            }
        }
    }

    @ParameterizedTest(name = "{0} {2}")
    @MethodSource("formats")
    void multipliesRaggedShapes(String name, Gemm gemm, Weights weights) {
        Random random = new Random(weights.name().length());
        int[][] shapes = {{1, 5, 7}, {3, 64, 32}, {16, 33, 96}, {17, 1, 70}, {37, 130, 65}, {70, 67, 160}};
        for (int[] shape : shapes) {
            try (Arena arena = Arena.ofShared()) {
                Matrix weight = weights.random(arena, random, shape[1], shape[2]);
                Rows x = random(arena, random, shape[0], weight.columns(), shape[0]);
                Rows y = Rows.allocate(arena, Element.F32, shape[0], weight.rows(), shape[0]);
                gemm.multiply(weight, x, y);
                assertProduct(gemm, weight, x, y);
            }
        }
    }

    @ParameterizedTest(name = "{0} {2}")
    @MethodSource("formats")
    void multipliesParts(String name, Gemm gemm, Weights weights) {
        Random random = new Random(7);
        try (Arena arena = Arena.ofShared()) {
            Matrix weight = weights.random(arena, random, 90, 320);
            Part part = new Part(13, 50, 70, 200);
            Rows x = random(arena, random, 21, weight.columns(), 21);
            Rows y = Rows.allocate(arena, Element.F32, 21, part.outs(), 21);
            Rows inside = new Rows(x.data().asSlice(70 * 4), Element.F32, 21, 200, x.stride(), 21);
            gemm.multiply(weight, part, inside, y);
            for (int i = 0; i < 21; i++) {
                for (int k = 0; k < weight.columns(); k++) {
                    if (k < 70 || k >= 270) {
                        x.data().set(ValueLayout.JAVA_FLOAT, x.at(i) + k * 4L, 0);
                    }
                }
            }
            assertProduct(gemm, weight.rows(13, 50, 1), x, y);
            assertThatThrownBy(() -> gemm.multiply(weight, new Part(41, 50, 70, 200), inside, y))
                    .isInstanceOf(IndexOutOfBoundsException.class);
        }
    }

    @ParameterizedTest
    @FieldSource("ALL")
    void gates(Gemm gemm) {
        Random random = new Random(8);
        try (Arena arena = Arena.ofShared()) {
            Matrix gate = Weights.BF16.random(arena, random, 96, 64);
            Matrix up = Weights.BF16.random(arena, random, 96, 64);
            int room = gemm.room(37);
            Rows x = random(arena, random, 37, 64, room);
            Rows y = Rows.allocate(arena, gemm.input(), 37, 96, room);
            boolean can = gemm.multiplyGated(gate, up, x, y);
            assertThat(can).isEqualTo(gemm instanceof OneDnnGemm);
            Rows gates = Rows.allocate(arena, Element.F32, 37, 96, room);
            Rows ups = Rows.allocate(arena, Element.F32, 37, 96, room);
            gemm.multiply(gate, x, gates);
            gemm.multiply(up, x, ups);
            Rows wide = Rows.allocate(arena, Element.F32, 37, 96, room);
            if (gemm.input() == Element.BF16) {
                Bf16.widen(y.withRows(37), wide);
            } else {
                wide = y;
            }
            double unit = gemm.input() == Element.BF16 ? 1.0 / 256 : 1e-5;
            for (int i = 0; can && i < 37; i++) {
                for (int j = 0; j < 96; j++) {
                    double g = value(gates, i, j);
                    double expected = g / (1 + Math.exp(-g)) * value(ups, i, j);
                    assertThat(value(wide, i, j)).as("[%d][%d]", i, j).isCloseTo((float) expected,
                            within((float) (unit * Math.abs(expected) + 1e-6)));
                }
            }
            Rows narrow = Rows.allocate(arena, gemm.input(), 37, 95, room);
            assertThatThrownBy(() -> gemm.multiplyGated(gate, up, x, narrow))
                    .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("gates [96, 64]");
            assertThat(gemm.multiplyGated(Weights.FP8.random(arena, random, 96, 64), up, x, y)).isFalse();
        }
    }

    @ParameterizedTest
    @FieldSource("ALL")
    void leavesWhatIsNotItsOwn(Gemm gemm) {
        Random random = new Random(1);
        try (Arena arena = Arena.ofShared()) {
            Matrix weight = Weights.BF16.random(arena, random, 40, 50);
            Rows x = random(arena, random, 21, 50, 21);
            MemorySegment memory = arena.allocate(23 * 45 * 4L).fill((byte) 0x7f);
            Rows y = new Rows(memory.asSlice(45 * 4), Element.F32, 21, 40, 45, 21);
            gemm.multiply(weight, x, y);
            assertProduct(gemm, weight, x, y);
            for (int i = 0; i < 23 * 45; i++) {
                boolean inside = i >= 45 && i / 45 <= 21 && i % 45 < 40;
                assertThat(memory.getAtIndex(ValueLayout.JAVA_INT, i) == 0x7f7f7f7f).as("%d", i).isEqualTo(!inside);
            }
        }
    }

    @ParameterizedTest
    @FieldSource("ALL")
    void takesEitherTypeAndAnyMemory(Gemm gemm) {
        Random random = new Random(2);
        try (Arena arena = Arena.ofShared()) {
            Matrix weight = Weights.BF16.random(arena, random, 48, 64);
            Rows x = random(arena, random, 19, 64, 19);
            Rows half = Rows.allocate(arena, Element.BF16, 19, 64, 19);
            Bf16.round(x, half);
            Bf16.widen(half, x);
            Rows wide = Rows.allocate(arena, Element.F32, 19, 48, 19);
            gemm.multiply(weight, x, wide);
            Rows y = Rows.allocate(arena, Element.F32, 19, 48, 19);
            gemm.multiply(weight, half, y);
            assertThat(y.data().mismatch(wide.data())).isEqualTo(-1);
            Rows heap = Rows.of(MemorySegment.ofArray(x.data().toArray(ValueLayout.JAVA_FLOAT)), Element.F32, 19, 64);
            float[] result = new float[19 * 48];
            gemm.multiply(weight, heap, Rows.of(MemorySegment.ofArray(result), Element.F32, 19, 48));
            assertThat(MemorySegment.ofArray(result).mismatch(wide.data())).isEqualTo(-1);
        }
    }

    /** The same bits, however many rows there are beside a row and whatever room they have. */
    @ParameterizedTest
    @FieldSource("ALL")
    void rowsDoNotDependOnEachOther(Gemm gemm) {
        int[][] shapes = {{96, 1024}, {200, 513}, {64, 2048}};
        for (int[] shape : shapes) {
            Random random = new Random(3);
            try (Arena arena = Arena.ofShared()) {
                Matrix weight = Weights.BF16.random(arena, random, shape[0], shape[1]);
                Rows x = random(arena, random, 300, shape[1], 320);
                Rows all = Rows.allocate(arena, Element.F32, 300, shape[0], 320);
                gemm.multiply(weight, x, all);
                for (int rows : new int[]{1, 2, 15, 16, 17, 40, 129, 300}) {
                    int from = random.nextInt(301 - rows);
                    Rows some = Rows.allocate(arena, Element.F32, rows, shape[0], rows);
                    gemm.multiply(weight, x.slice(from, rows), some);
                    long at = all.at(from);
                    assertThat(some.data().mismatch(all.data().asSlice(at, some.data().byteSize())))
                            .as("%d rows from %d", rows, from).isEqualTo(-1);
                }
            }
        }
    }

    @ParameterizedTest
    @FieldSource("ALL")
    void threadsDoNotDisturbEachOther(Gemm gemm) throws Exception {
        Random random = new Random(4);
        try (Arena arena = Arena.ofShared(); ExecutorService pool = Executors.newFixedThreadPool(2)) {
            List<Future<?>> calls = new ArrayList<>();
            for (Weights weights : List.of(Weights.BF16, Weights.FP8, Weights.BF16_TRANSPOSED, Weights.MXFP4)) {
                Matrix weight = weights.random(arena, random, 96, 128);
                Rows x = random(arena, random, 50, 128, 50);
                Rows expected = Rows.allocate(arena, Element.F32, 50, 96, 50);
                gemm.multiply(weight, x, expected);
                for (int i = 0; i < 20; i++) {
                    Rows y = Rows.allocate(arena, Element.F32, 50, 96, 64);
                    calls.add(pool.submit((Callable<?>) () -> {
                        gemm.multiply(weight, x, y);
                        return assertThat(expected.data().mismatch(y.data())).isEqualTo(expected.data().byteSize());
                    }));
                }
            }
            for (Future<?> call : calls) {
                call.get();
            }
        }
    }

    @ParameterizedTest
    @FieldSource("ALL")
    void addsToWhatIsThere(Gemm gemm) {
        Random random = new Random(7);
        for (int rows : new int[]{1, 16, 37, 300}) {
            try (Arena arena = Arena.ofShared()) {
                Matrix weight = Weights.BF16.random(arena, random, 65, 96);
                Rows x = random(arena, random, rows, 96, rows);
                Rows product = Rows.allocate(arena, Element.F32, rows, 65, rows);
                gemm.multiply(weight, x, product);
                for (int room : new int[]{rows, gemm.room(rows)}) {
                    Rows y = random(arena, random, rows, 65, room);
                    MemorySegment before = arena.allocate(y.data().byteSize()).copyFrom(y.data());
                    if (!gemm.multiplyAdding(weight, Part.all(weight), x, y)) {
                        assertThat(y.data().mismatch(before)).isEqualTo(-1);
                        assertThat(!gemm.name().startsWith("oneDNN") || room < gemm.room(rows)).isTrue();
                        continue;
                    }
                    for (int i = 0; i < rows; i++) {
                        for (int j = 0; j < 65; j++) {
                            float old = before.get(ValueLayout.JAVA_FLOAT_UNALIGNED, y.at(i) + j * 4L);
                            assertThat(value(y, i, j)).isCloseTo(old + value(product, i, j), within(1e-5f));
                        }
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @FieldSource("ALL")
    void tilesManyRows(Gemm gemm) {
        Random random = new Random(5);
        try (Arena arena = Arena.ofShared()) {
            Matrix weight = Weights.BF16.random(arena, random, 4, 6);
            Rows x = random(arena, random, 2100, 6, 2100);
            Rows y = Rows.allocate(arena, Element.F32, 2100, 4, 2100);
            gemm.multiply(weight, x, y);
            assertProduct(gemm, weight, x, y);
            gemm.multiply(weight, x.withRows(0), y.withRows(0));
            assertThat(gemm.room(2100)).isGreaterThanOrEqualTo(2100);
        }
    }

    @ParameterizedTest
    @FieldSource("ALL")
    void refusesShapesThatDoNotFit(Gemm gemm) {
        try (Arena arena = Arena.ofShared()) {
            Matrix weight = Weights.BF16.random(arena, new Random(6), 4, 6);
            Rows x = Rows.allocate(arena, Element.F32, 3, 7, 3);
            Rows y = Rows.allocate(arena, Element.F32, 3, 4, 3);
            assertThatThrownBy(() -> gemm.multiply(weight, x, y)).isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("[3, 7] times the transposed [4, 6] is not [3, 4]");
            Rows half = Rows.allocate(arena, Element.BF16, 3, 4, 3);
            assertThatThrownBy(() -> gemm.multiply(weight, Rows.allocate(arena, Element.F32, 3, 6, 3), half))
                    .hasMessageContaining("results are float32");
        }
    }

    @Test
    void productsRoundRowsUp() {
        int last = 0;
        for (int rows = 1; rows <= Products.MOST_ROWS; rows++) {
            int up = Products.roundUp(rows);
            assertThat(up).isBetween(rows, Math.max(16, rows + Math.max(15, rows / 8))).isGreaterThanOrEqualTo(last);
            assertThat(Products.roundUp(up)).isEqualTo(up);
            assertThat(up % Products.FEWEST_ROWS).isZero();
            last = up;
        }
        assertThat(last).isEqualTo(Products.MOST_ROWS);
    }
}
