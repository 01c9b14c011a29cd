package io.moeplan.tensors.matrix;

import java.util.Objects;

/** Panels of matrices whose rows are contiguous. */
final class RowMajor {
    /** Rows that are transposed together: their values land next to each other in every row of the panel. */
    private static final int TOGETHER = 8;

    private RowMajor() {}

    static void readRows(Matrix matrix, int fromRow, int rows, int fromColumn, int columns, float[][] into) {
        for (int r = 0; r < rows; r++) {
            matrix.read(fromRow + r, fromColumn, into[r], 0, columns);
        }
    }

    static void readPanel(Matrix matrix, int fromRow, int rows, int fromColumn, int columns, float[][] into) {
        Objects.checkFromIndexSize(fromRow, rows, matrix.rows());
        float[][] some = new float[TOGETHER][columns];
        int r = 0;
        for (; r + TOGETHER <= rows; r += TOGETHER) {
            for (int i = 0; i < TOGETHER; i++) {
                matrix.read(fromRow + r + i, fromColumn, some[i], 0, columns);
            }
            scatter(some, columns, into, r);
        }
        for (; r < rows; r++) {
            matrix.read(fromRow + r, fromColumn, some[0], 0, columns);
            for (int c = 0; c < columns; c++) {
                into[c][r] = some[0][c];
            }
        }
    }

    private static void scatter(float[][] some, int columns, float[][] into, int at) {
        float[] r0 = some[0];
        float[] r1 = some[1];
        float[] r2 = some[2];
        float[] r3 = some[3];
        float[] r4 = some[4];
        float[] r5 = some[5];
        float[] r6 = some[6];
        float[] r7 = some[7];
        for (int c = 0; c < columns; c++) {
            float[] row = into[c];
            row[at] = r0[c];
            row[at + 1] = r1[c];
            row[at + 2] = r2[c];
            row[at + 3] = r3[c];
            row[at + 4] = r4[c];
            row[at + 5] = r5[c];
            row[at + 6] = r6[c];
            row[at + 7] = r7[c];
        }
    }
}
