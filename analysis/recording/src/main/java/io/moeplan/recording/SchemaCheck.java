package io.moeplan.recording;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import org.apache.arrow.flatbuf.Endianness;
import org.apache.arrow.flatbuf.Field;
import org.apache.arrow.flatbuf.FixedSizeList;
import org.apache.arrow.flatbuf.FloatingPoint;
import org.apache.arrow.flatbuf.Int;
import org.apache.arrow.flatbuf.Message;
import org.apache.arrow.flatbuf.MessageHeader;
import org.apache.arrow.flatbuf.Precision;
import org.apache.arrow.flatbuf.Schema;
import org.apache.arrow.flatbuf.Type;

/**
 * Compares an Arrow file's schema with the columns expected.
 *
 * <p>Looks at the flatbuffer itself, at no more fields than expected: Arrow's own conversion follows a damaged schema
 * wherever it leads, in circles if it must.
 */
final class SchemaCheck {
    private SchemaCheck() {}

    /** The fields of a schema message. */
    static Schema schema(ByteBuffer metadata) throws IOException {
        Message message = Message.getRootAsMessage(metadata);
        Schema schema = message.headerType() == MessageHeader.Schema ? (Schema) message.header(new Schema()) : null;
        if (schema == null) {
            throw new IOException("the file does not begin with a schema");
        }
        if (schema.endianness() != Endianness.Little) {
            throw new IOException("the file is big-endian, which is not supported");
        }
        return schema;
    }

    /** @throws IOException naming the first column that differs */
    static void check(Schema schema, List<Column> columns) throws IOException {
        if (schema.fieldsLength() != columns.size()) {
            throw new IOException("has " + schema.fieldsLength() + " columns, expected "
                    + columns.stream().map(Column::name).toList());
        }
        for (int i = 0; i < columns.size(); i++) {
            Field field = schema.fields(i);
            Column column = columns.get(i);
            if (!column.name().equals(field.name())) {
                throw new IOException("column " + i + " is not " + column.name());
            }
            if (!matches(column, field) || field.dictionary() != null) {
                throw new IOException("column " + column.name() + " does not fit the manifest, expected "
                        + column.description());
            }
        }
    }

    private static boolean matches(Column column, Field field) {
        if (!column.isList()) {
            return matches(column.type(), field);
        }
        return field.typeType() == Type.FixedSizeList
                && ((FixedSizeList) field.type(new FixedSizeList())).listSize() == column.listSize()
                && field.childrenLength() == 1 && matches(column.type(), field.children(0));
    }

    private static boolean matches(Column.Type type, Field field) {
        return field.childrenLength() == 0 && switch (type) {
            case INT8, INT16, INT32, INT64 -> isInt(field, type.bytes(), true);
            case UINT16 -> isInt(field, type.bytes(), false);
            case FLOAT16 -> field.typeType() == Type.FloatingPoint
                    && ((FloatingPoint) field.type(new FloatingPoint())).precision() == Precision.HALF;
            case UTF8 -> field.typeType() == Type.Utf8;
        };
    }

    private static boolean isInt(Field field, int bytes, boolean signed) {
        if (field.typeType() != Type.Int) {
            return false;
        }
        Int type = (Int) field.type(new Int());
        return type.bitWidth() == Byte.SIZE * bytes && type.isSigned() == signed;
    }
}
