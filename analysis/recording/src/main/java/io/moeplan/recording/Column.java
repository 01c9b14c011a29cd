package io.moeplan.recording;

import java.util.List;
import java.util.Locale;
import org.apache.arrow.vector.types.FloatingPointPrecision;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.FieldType;

/**
 * A column of one of a recording's Arrow files.
 *
 * @param listSize values per row of a FixedSizeList column, 0 for a scalar one
 */
record Column(String name, Type type, int listSize, boolean nullable) {
    /** What the values are. */
    enum Type {
        INT8(1), INT16(2), INT32(4), INT64(8), UINT16(2), FLOAT16(2), UTF8(0);

        private final int bytes;

        Type(int bytes) {
            this.bytes = bytes;
        }

        /** Bytes of one value, 0 if they vary. */
        int bytes() {
            return bytes;
        }

        private ArrowType arrow() {
            return switch (this) {
                case INT8, INT16, INT32, INT64 -> new ArrowType.Int(Byte.SIZE * bytes, true);
                case UINT16 -> new ArrowType.Int(Byte.SIZE * bytes, false);
                case FLOAT16 -> new ArrowType.FloatingPoint(FloatingPointPrecision.HALF);
                case UTF8 -> new ArrowType.Utf8();
            };
        }
    }

    static Column scalar(String name, Type type) {
        return new Column(name, type, 0, false);
    }

    static Column list(String name, Type type, int size) {
        return new Column(name, type, size, false);
    }

    /** Whether each row is a list. */
    boolean isList() {
        return listSize > 0;
    }

    /** Values per row. */
    int valuesPerRow() {
        return Math.max(1, listSize);
    }

    /** Bytes of one row's values, 0 if they vary. */
    int rowBytes() {
        return valuesPerRow() * type.bytes;
    }

    /** Field nodes that it takes in a record batch: itself, and the values of its lists. */
    int nodes() {
        return isList() ? 2 : 1;
    }

    /** Buffers that it takes in a record batch: validity (twice for a list) or validity and offsets, then the values. */
    int buffers() {
        return isList() || type == Type.UTF8 ? 3 : 2;
    }

    Field field() {
        if (!isList()) {
            return new Field(name, new FieldType(nullable, type.arrow(), null), null);
        }
        Field item = new Field("item", new FieldType(false, type.arrow(), null), null);
        return new Field(name, new FieldType(nullable, new ArrowType.FixedSizeList(listSize), null), List.of(item));
    }

    /** The type as a person reads it, e.g. {@code FixedSizeList<uint16>[384]}. */
    String description() {
        String value = type.name().toLowerCase(Locale.ROOT);
        return isList() ? "FixedSizeList<" + value + ">[" + listSize + "]" : value;
    }
}
