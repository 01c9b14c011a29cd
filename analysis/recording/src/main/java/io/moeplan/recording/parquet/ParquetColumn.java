package io.moeplan.recording.parquet;

/** A column of a Parquet file. */
public sealed interface ParquetColumn {
    String name();

    /** Whole numbers; its rows are an {@code int[]}. */
    record Ints(String name, Width width) implements ParquetColumn {}

    /** Whole numbers of 64 bits; its rows are a {@code long[]}. */
    record Longs(String name) implements ParquetColumn {}

    /** Texts, null where there is none; its rows are a {@code String[]}. */
    record Texts(String name) implements ParquetColumn {}

    /**
     * Lists of whole numbers, all of one length; its rows are an {@code int[rows * size]}.
     *
     * @param size  values in each list, at least 1
     * @param below if above 0, values are from 0 to below this and take only the bits that they need
     */
    record Lists(String name, Width width, int size, int below) implements ParquetColumn {}

    /** What readers are told of whole numbers that are stored in 32 bits. */
    enum Width {
        /** Parquet's INT_8. */
        INT8(15),
        /** Parquet's INT_16. */
        INT16(16),
        /** Parquet's INT_32. */
        INT32(17),
        /** Parquet's UINT_16. */
        UINT16(12);

        private final int converted;

        Width(int converted) {
            this.converted = converted;
        }

        /** Number of the ConvertedType. */
        int converted() {
            return converted;
        }
    }
}
