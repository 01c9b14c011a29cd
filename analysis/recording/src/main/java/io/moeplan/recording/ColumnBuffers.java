package io.moeplan.recording;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.apache.arrow.memory.ArrowBuf;
import org.apache.arrow.memory.BufferAllocator;

/** Room for one batch of fixed-size columns, allocated once and filled again and again. */
final class ColumnBuffers implements AutoCloseable {
    private final BufferAllocator allocator;
    private final List<Column> columns;
    private final int capacity;
    private final List<ArrowBuf> buffers = new ArrayList<>();
    private final List<ByteBuffer> views = new ArrayList<>();

    /** @param capacity rows */
    ColumnBuffers(BufferAllocator allocator, List<Column> columns, int capacity) {
        this.allocator = allocator;
        this.columns = columns;
        this.capacity = capacity;
        for (Column column : columns) {
            long bytes = (long) capacity * column.rowBytes();
            ArrowBuf buffer = allocator.buffer(bytes);
            buffers.add(buffer);
            views.add(buffer.nioBuffer(0, Math.toIntExact(bytes)).order(ByteOrder.LITTLE_ENDIAN));
        }
    }

    /** Rows that fit. */
    int capacity() {
        return capacity;
    }

    /** The bytes of a column, little-endian. */
    ByteBuffer view(int column) {
        return views.get(column);
    }

    /** The first {@code rows} rows, not copied: write them before the next are filled in. */
    OutgoingBatch batch(int rows) {
        OutgoingBatch batch = new OutgoingBatch(allocator, rows);
        for (int i = 0; i < columns.size(); i++) {
            buffers.get(i).writerIndex((long) rows * columns.get(i).rowBytes());
            batch.add(columns.get(i), buffers.get(i));
        }
        return batch;
    }

    @Override
    public void close() {
        buffers.forEach(ArrowBuf::close);
    }
}
