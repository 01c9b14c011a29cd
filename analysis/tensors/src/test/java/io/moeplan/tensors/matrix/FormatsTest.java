package io.moeplan.tensors.matrix;

import static org.assertj.core.api.Assertions.assertThat;

import io.moeplan.tensors.Checkpoint;
import io.moeplan.tensors.Tensor;
import io.moeplan.tensors.matrix.WeightSource.BlockSize;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Against what PyTorch reads in the same bytes ({@code formats.py} beside the golden file wrote both). */
final class FormatsTest {
    private static Checkpoint golden;

    @BeforeAll
    static void open() throws IOException, URISyntaxException {
        Path file = Path.of(Objects.requireNonNull(FormatsTest.class.getResource("model.safetensors")).toURI());
        golden = Checkpoint.open(Objects.requireNonNull(file.getParent()));
    }

    @AfterAll
    static void close() {
        golden.close();
    }

    private static float[] truth(String name) throws IOException {
        return golden.get(name + ".float32").toFloats();
    }

    private static WeightSource source(int blockRows, int blockColumns) {
        return new WeightSource(golden,
                blockRows == 0 ? Optional.empty() : Optional.of(new BlockSize(blockRows, blockColumns)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"bf16", "f16", "f8_e4m3", "f8_e5m2", "f8_e8m0"})
    void everyCodeHasItsValue(String name) throws IOException {
        Tensor tensor = golden.get(name);
        float[] truth = truth(name);
        assertThat(tensor.toFloats()).containsExactly(truth);
        for (int i = 0; i < truth.length; i++) {
            assertThat(Float.compare(tensor.value(i), truth[i])).isZero();
        }
    }

    @ParameterizedTest
    @CsvSource({"ragged.weight,16,20", "channels.weight,0,0", "deepseek.weight,16,16"})
    void fp8(String name, int blockRows, int blockColumns) throws IOException {
        assertReads(source(blockRows, blockColumns).matrix(name), truth(name));
    }

    @Test
    void fusedFp8() throws IOException {
        float[] truth = truth("fused");
        for (int expert = 0; expert < 2; expert++) {
            Matrix matrix = source(8, 16).expert("fused", expert);
            assertReads(matrix, Arrays.copyOfRange(truth, expert * 480, (expert + 1) * 480));
            assertReads(matrix.rows(10, 10, 1), Arrays.copyOfRange(truth, expert * 480 + 240, (expert + 1) * 480));
        }
    }

    @ParameterizedTest
    @CsvSource({"mx,3,6", "gpt_oss,2,48"})
    void mxfp4(String name, int experts, int rows) throws IOException {
        float[] truth = truth(name);
        for (int expert = 0; expert < experts; expert++) {
            Matrix matrix = source(0, 0).expert(name, expert);
            assertReads(matrix, Arrays.copyOfRange(truth, expert * rows * 64, (expert + 1) * rows * 64));
            float[] up = new float[rows / 2 * 64];
            for (int r = 0; r < rows / 2; r++) {
                System.arraycopy(truth, (expert * rows + 2 * r + 1) * 64, up, r * 64, 64);
            }
            assertReads(matrix.rows(1, rows / 2, 2), up);
        }
    }

    /** All three ways to read give these values, bit for bit, whole and in random pieces. */
    static void assertReads(Matrix matrix, float[] expected) {
        int rows = matrix.rows();
        int columns = matrix.columns();
        assertThat(rows * columns).isEqualTo(expected.length);
        assertPanel(matrix, expected, 0, rows, 0, columns);
        Random random = new Random(3);
        for (int round = 0; round < 30; round++) {
            int fromRow = random.nextInt(rows);
            int fromColumn = random.nextInt(columns);
            assertPanel(matrix, expected, fromRow, random.nextInt(rows - fromRow + 1), fromColumn,
                    random.nextInt(columns - fromColumn + 1));
        }
    }

    private static void assertPanel(Matrix matrix, float[] expected, int fromRow, int rows, int fromColumn,
            int columns) {
        float[][] panel = new float[columns][rows];
        matrix.readPanel(fromRow, rows, fromColumn, columns, panel);
        float[][] straight = new float[rows][columns];
        matrix.readRows(fromRow, rows, fromColumn, columns, straight);
        float[] row = new float[columns + 3];
        for (int r = 0; r < rows; r++) {
            int at = (fromRow + r) * matrix.columns() + fromColumn;
            float[] truth = Arrays.copyOfRange(expected, at, at + columns);
            assertThat(straight[r]).containsExactly(truth);
            matrix.read(fromRow + r, fromColumn, row, 2, columns);
            assertThat(Arrays.copyOfRange(row, 2, columns + 2)).containsExactly(truth);
            for (int c = 0; c < columns; c++) {
                assertThat(Float.compare(panel[c][r], truth[c])).isZero();
            }
        }
    }
}
