package io.moeplan.engine.gemm;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;

final class FmaChainsTest {
    private final Random random = new Random(4);

    private float[][] matrix(int rows, int columns) {
        float[][] m = new float[rows][columns];
        for (float[] row : m) {
            for (int i = 0; i < columns; i++) {
                row[i] = random.nextFloat() - 0.5f;
            }
        }
        return m;
    }

    @Test
    void everyElementIsOneChainOverDepth() {
        for (int round = 0; round < 300; round++) {
            int rows = random.nextInt(10);
            int depth = random.nextInt(20);
            int width = random.nextInt(70);
            float[][] a = matrix(rows + 2, depth + 3);
            float[][] b = matrix(depth + 1, width);
            float[][] c = matrix(rows + 1, width);
            float[][] want = new float[rows][width];
            for (int i = 0; i < rows; i++) {
                for (int j = 0; j < width; j++) {
                    float sum = c[1 + i][j];
                    for (int k = 0; k < depth; k++) {
                        sum = Math.fma(a[2 + i][3 + k], b[1 + k][j], sum);
                    }
                    want[i][j] = sum;
                }
            }
            FmaChains.multiply(a, 2, rows, 3, b, 1, depth, c, 1, width);
            for (int i = 0; i < rows; i++) {
                assertThat(c[1 + i]).isEqualTo(want[i]);
            }
        }
    }
}
