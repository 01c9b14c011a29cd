package io.moeplan.engine.gemm;

import static org.assertj.core.api.Assertions.assertThat;

import io.moeplan.tensors.matrix.Matrix;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The same bits as through float32. */
final class Bf16DecoderTest {
    @ParameterizedTest
    @EnumSource(Weights.class)
    void roundsWhatTheMatrixReads(Weights weights) {
        Random random = new Random(1);
        for (int round = 0; round < 6; round++) {
            try (Arena arena = Arena.ofConfined()) {
                Matrix whole = weights.random(arena, random, 260, 150);
                Matrix weight = round % 2 == 0 ? whole : whole.rows(1, 129, 2);
                int from = random.nextInt(100);
                int column = round < 2 ? 0 : random.nextInt(100);
                int width = round < 2 ? weight.columns() : 1 + random.nextInt(weight.columns() - column);
                Rows decoded = Rows.allocate(arena, Element.BF16, 29, width, 29);
                Bf16Decoder.ofThread().decode(weight, from, column, decoded);
                float[] row = new float[width];
                short[] expected = new short[row.length];
                for (int i = 0; i < 29; i++) {
                    weight.read(from + i, column, row, 0, row.length);
                    Bf16.round(row, row.length, MemorySegment.ofArray(expected), 0);
                    MemorySegment actual = decoded.data().asSlice(decoded.at(i), 2L * row.length);
                    assertThat(actual.mismatch(MemorySegment.ofArray(expected))).as("row %d", i).isEqualTo(-1);
                }
            }
        }
    }
}
