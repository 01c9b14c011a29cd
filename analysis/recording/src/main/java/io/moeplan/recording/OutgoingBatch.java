package io.moeplan.recording;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.apache.arrow.memory.ArrowBuf;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.ipc.message.ArrowFieldNode;

/**
 * The nodes and buffers of a record batch, in the order of its columns. Holds a reference to each buffer.
 *
 * <p>Columns without nulls carry no validity bitmap, as the format allows: with hundreds of values per row it would be
 * a sixteenth of the file.
 */
final class OutgoingBatch implements AutoCloseable {
    private final BufferAllocator allocator;
    private final int rows;
    private final List<ArrowFieldNode> nodes = new ArrayList<>();
    private final List<ArrowBuf> buffers = new ArrayList<>();

    OutgoingBatch(BufferAllocator allocator, int rows) {
        this.allocator = allocator;
        this.rows = rows;
    }

    int rows() {
        return rows;
    }

    List<ArrowFieldNode> nodes() {
        return nodes;
    }

    List<ArrowBuf> buffers() {
        return buffers;
    }

    /** Appends a column of fixed-size values; {@code values} stays the caller's. */
    void add(Column column, ArrowBuf values) {
        nodes.add(new ArrowFieldNode(rows, 0));
        buffers.add(allocator.getEmpty());
        if (column.isList()) {
            nodes.add(new ArrowFieldNode((long) rows * column.listSize(), 0));
            buffers.add(allocator.getEmpty());
        }
        values.getReferenceManager().retain();
        buffers.add(values);
    }

    /** Appends a column of 32-bit numbers. */
    void addInts(int[] values) {
        nodes.add(new ArrowFieldNode(rows, 0));
        buffers.add(allocator.getEmpty());
        ArrowBuf buffer = fresh(4L * rows);
        for (int i = 0; i < rows; i++) {
            buffer.setInt(4L * i, values[i]);
        }
    }

    /** Appends a column of texts, null where a text is. */
    void addTexts(String[] values) {
        byte[][] bytes = new byte[rows][];
        byte[] valid = new byte[(rows + 7) / 8];
        long length = 0;
        int nulls = 0;
        for (int i = 0; i < rows; i++) {
            if (values[i] == null) {
                nulls++;
                bytes[i] = new byte[0];
                continue;
            }
            valid[i / 8] |= (byte) (1 << (i % 8));
            bytes[i] = values[i].getBytes(StandardCharsets.UTF_8);
            length += bytes[i].length;
        }
        nodes.add(new ArrowFieldNode(rows, nulls));
        if (nulls == 0) {
            buffers.add(allocator.getEmpty());
        } else {
            fresh(valid.length).setBytes(0, valid);
        }
        ArrowBuf offsets = fresh(4L * (rows + 1));
        ArrowBuf data = fresh(length);
        int end = 0;
        offsets.setInt(0, 0);
        for (int i = 0; i < rows; i++) {
            data.setBytes(end, bytes[i]);
            end += bytes[i].length;
            offsets.setInt(4L * (i + 1), end);
        }
    }

    private ArrowBuf fresh(long bytes) {
        ArrowBuf buffer = allocator.buffer(bytes);
        buffers.add(buffer);
        return buffer.writerIndex(bytes);
    }

    @Override
    public void close() {
        buffers.forEach(ArrowBuf::close);
    }
}
