package io.moeplan.engine.gemm;

import io.moeplan.tensors.Tensor;
import io.moeplan.tensors.matrix.Fp8Matrix;
import io.moeplan.tensors.matrix.Matrix;
import io.moeplan.tensors.matrix.Mxfp4Matrix;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * One thread's decoding of weights to bfloat16. The small formats are looked up in tables that already hold the rounded
 * products with a block's scale, which is several times as fast as going through float32.
 */
final class Bf16Decoder {
    private static final ThreadLocal<Bf16Decoder> OF_THREAD = ThreadLocal.withInitial(Bf16Decoder::new);
    private static final int CODES = 256;
    /** Blocks with fewer weights than this are not worth a table. */
    private static final long SMALLEST_BLOCK = 1024;
    private static final int GROUP = 32;
    private static final int GROUP_BYTES = 16;

    private byte[] codes = new byte[0];
    private short[] shorts = new short[0];
    private int[] pairs = new int[0];
    private short[][] fp8 = new short[0][CODES];
    /** By the byte of the scale; made when they are first needed. */
    private final int[][] mxfp4 = new int[CODES][];

    private Bf16Decoder() {}

    static Bf16Decoder ofThread() {
        return OF_THREAD.get();
    }

    /** Whether bfloat16 holds the weights of such a matrix without rounding them (powers of two times E2M1). */
    static boolean isExact(Matrix weight) {
        return weight instanceof Mxfp4Matrix;
    }

    /** Sets all of {@code into}, bfloat16, to the part of the matrix that begins at this row and column. */
    void decode(Matrix weight, int fromRow, int fromColumn, Rows into) {
        switch (weight) {
            case Fp8Matrix matrix when (long) matrix.blockRows() * matrix.blockColumns() >= SMALLEST_BLOCK ->
                decodeFp8(matrix, fromRow, fromColumn, into);
            case Mxfp4Matrix matrix when into.width() == matrix.columns() -> decodeMxfp4(matrix, fromRow, into);
            default -> decodeAny(weight, fromRow, fromColumn, into);
        }
    }

    private void decodeAny(Matrix weight, int fromRow, int fromColumn, Rows into) {
        float[][] floats = DecodedRows.ofThread(into.width());
        for (int row = 0; row < into.rows(); row += floats.length) {
            int some = Math.min(floats.length, into.rows() - row);
            weight.readRows(fromRow + row, some, fromColumn, into.width(), floats);
            for (int i = 0; i < some; i++) {
                Bf16.round(floats[i], into.width(), into.data(), into.at(row + i));
            }
        }
    }

    private void reserve(int width) {
        if (codes.length < width) {
            codes = new byte[width];
            shorts = new short[width];
            pairs = new int[width / 2];
        }
    }

    private void decodeFp8(Fp8Matrix matrix, int fromRow, int fromColumn, Rows into) {
        int width = into.width();
        reserve(width);
        long tablesOf = -1;
        for (int row = 0; row < into.rows(); row++) {
            long stored = matrix.firstRow() + (long) (fromRow + row) * matrix.rowStep();
            if (stored / matrix.blockRows() != tablesOf) {
                tablesOf = stored / matrix.blockRows();
                makeFp8Tables(matrix, tablesOf);
            }
            MemorySegment.copy(matrix.weight().data(), ValueLayout.JAVA_BYTE, matrix.weightOffset()
                    + stored * matrix.columns() + fromColumn, codes, 0, width);
            int from = 0;
            while (from < width) {
                int block = (fromColumn + from) / matrix.blockColumns();
                int to = Math.min(width, (block + 1) * matrix.blockColumns() - fromColumn);
                lookUp(fp8[block], codes, shorts, from, to);
                from = to;
            }
            MemorySegment.copy(shorts, 0, into.data(), ValueLayout.JAVA_SHORT_UNALIGNED, into.at(row), width);
        }
    }

    /** A table for every block in a row of blocks. */
    private void makeFp8Tables(Fp8Matrix matrix, long blockRow) {
        int blocks = Math.ceilDiv(matrix.columns(), matrix.blockColumns());
        if (fp8.length < blocks) {
            fp8 = new short[blocks][CODES];
        }
        float[] values = valuesOfCodes(matrix.weight());
        float[] scaled = new float[CODES];
        for (int block = 0; block < blocks; block++) {
            float scale = matrix.scale().value(matrix.scaleOffset() + blockRow * blocks + block);
            for (int code = 0; code < CODES; code++) {
                scaled[code] = values[code] * scale;
            }
            Bf16.round(scaled, CODES, MemorySegment.ofArray(fp8[block]), 0);
        }
    }

    /** What each of the 256 codes stands for, scale apart. */
    private static float[] valuesOfCodes(Tensor weight) {
        byte[] all = new byte[CODES];
        for (int code = 0; code < CODES; code++) {
            all[code] = (byte) code;
        }
        Tensor codes = new Tensor(weight.file(), weight.name(), weight.type(), new long[]{CODES}, 0,
                MemorySegment.ofArray(all));
        return codes.toFloats();
    }

    private static void lookUp(short[] table, byte[] codes, short[] into, int from, int to) {
        for (int i = from; i < to; i++) {
            into[i] = table[codes[i] & 0xff];
        }
    }

    private void decodeMxfp4(Mxfp4Matrix matrix, int fromRow, Rows into) {
        int width = into.width();
        int groups = width / GROUP;
        reserve(width);
        for (int row = 0; row < into.rows(); row++) {
            long first = (matrix.storedRow() + (long) (fromRow + row) * matrix.rowStep()) * groups;
            MemorySegment.copy(matrix.blocks().data(), ValueLayout.JAVA_BYTE, first * GROUP_BYTES, codes, 0,
                    width / 2);
            for (int group = 0; group < groups; group++) {
                int scale = matrix.scales().data().get(ValueLayout.JAVA_BYTE, first + group) & 0xff;
                lookUpPairs(mxfp4Table(scale), codes, pairs, group * GROUP_BYTES);
            }
            MemorySegment.copy(pairs, 0, into.data(), ValueLayout.JAVA_INT_UNALIGNED, into.at(row), width / 2);
        }
    }

    private static void lookUpPairs(int[] table, byte[] codes, int[] into, int from) {
        for (int i = from; i < from + GROUP_BYTES; i++) {
            into[i] = table[codes[i] & 0xff];
        }
    }

    /** The two values of every byte, the first one in the lower half. */
    private int[] mxfp4Table(int scale) {
        if (mxfp4[scale] == null) {
            float[] e2m1 = {0, 0.5f, 1, 1.5f, 2, 3, 4, 6, -0f, -0.5f, -1, -1.5f, -2, -3, -4, -6};
            float factor = scale == 255 ? Float.NaN : (float) Math.scalb(1.0, scale - 127);
            float[] scaled = new float[2 * CODES];
            for (int code = 0; code < CODES; code++) {
                scaled[2 * code] = e2m1[code & 15] * factor;
                scaled[2 * code + 1] = e2m1[code >> 4] * factor;
            }
            int[] table = new int[CODES];
            Bf16.round(scaled, scaled.length, MemorySegment.ofArray(table), 0);
            mxfp4[scale] = table;
        }
        return mxfp4[scale];
    }
}
