package io.moeplan.recording;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.apache.arrow.compression.ZstdCompressionCodec;
import org.apache.arrow.flatbuf.Buffer;
import org.apache.arrow.flatbuf.CompressionType;
import org.apache.arrow.flatbuf.FieldNode;
import org.apache.arrow.flatbuf.RecordBatch;
import org.apache.arrow.memory.ArrowBuf;
import org.apache.arrow.memory.BufferAllocator;

/**
 * A record batch read from a file. Nothing in it is believed: every length is checked against the bytes that are there
 * before a byte is touched, and what does not fit is an {@link IllegalArgumentException}.
 */
final class IncomingBatch implements AutoCloseable {
    private static final int LENGTH_PREFIX = 8;
    private static final long NOT_COMPRESSED = -1;
    /** Other writers pad buffers; more than this is no padding. */
    private static final int MOST_PADDING = 4096;

    private final List<Column> columns;
    private final RecordBatch meta;
    private final ArrowBuf body;
    private final BufferAllocator allocator;
    private final int rows;
    private final boolean zstd;
    private final ArrowBuf[] decoded;
    /** Of each column: its first node, and its last buffer, which holds the values. */
    private final int[] firstNode;
    private final int[] lastBuffer;

    /** @param body the batch's bytes, closed with it */
    IncomingBatch(List<Column> columns, RecordBatch meta, ArrowBuf body, BufferAllocator allocator) {
        this.columns = columns;
        this.meta = meta;
        this.body = body;
        this.allocator = allocator;
        require(meta != null, "it is no record batch");
        require(meta.length() >= 0 && meta.length() <= Integer.MAX_VALUE - 1, "it claims " + meta.length() + " rows");
        this.rows = (int) meta.length();
        this.zstd = meta.compression() != null;
        require(!zstd || meta.compression().codec() == CompressionType.ZSTD,
                "it is compressed with something else than ZSTD");
        require(meta.nodesLength() == columns.stream().mapToInt(Column::nodes).sum()
                && meta.buffersLength() == columns.stream().mapToInt(Column::buffers).sum(),
                "it has " + meta.nodesLength() + " nodes and " + meta.buffersLength() + " buffers, not the schema's");
        this.decoded = new ArrowBuf[meta.buffersLength()];
        this.firstNode = new int[columns.size()];
        this.lastBuffer = new int[columns.size()];
        checkNodes();
    }

    private void checkNodes() {
        int node = 0;
        int buffers = 0;
        for (int i = 0; i < columns.size(); i++) {
            Column column = columns.get(i);
            firstNode[i] = node;
            node += column.nodes();
            buffers += column.buffers();
            lastBuffer[i] = buffers - 1;
            checkNode(column, meta.nodes(firstNode[i]), rows);
            if (column.isList()) {
                checkNode(column, meta.nodes(node - 1), (long) rows * column.listSize());
            }
        }
    }

    private void checkNode(Column column, FieldNode node, long length) {
        require(node.length() == length, column.name() + " has " + node.length() + " values, expected " + length);
        require(column.nullable() || node.nullCount() == 0, column.name() + " has nulls");
    }

    int rows() {
        return rows;
    }

    /** Copies rows of a column of 32-bit numbers to the beginning of {@code to}. */
    void ints(int column, int from, int count, int[] to) {
        ByteBuffer bytes = bytes(column, from, count);
        bytes.asIntBuffer().get(to, 0, bytes.remaining() / Integer.BYTES);
    }

    /** Copies rows of a column of 16-bit values to the beginning of {@code to}. */
    void shorts(int column, int from, int count, short[] to) {
        ByteBuffer bytes = bytes(column, from, count);
        bytes.asShortBuffer().get(to, 0, bytes.remaining() / Short.BYTES);
    }

    /** Copies rows of a column of 8-bit numbers to the beginning of {@code to}. */
    void bytes(int column, int from, int count, byte[] to) {
        bytes(column, from, count).get(to, 0, count);
    }

    /** Rows of a column of fixed-size values, little-endian; valid while the batch is open. */
    ByteBuffer bytes(int column, int from, int count) {
        long rowBytes = columns.get(column).rowBytes();
        ArrowBuf values = buffer(lastBuffer[column], rows * rowBytes);
        return values.nioBuffer(from * rowBytes, Math.toIntExact(count * rowBytes)).order(ByteOrder.LITTLE_ENDIAN);
    }

    /** All rows of a column of texts, null where it has none. */
    String[] texts(int column) {
        String[] texts = new String[rows];
        if (rows == 0) {
            return texts;
        }
        int last = lastBuffer[column];
        ArrowBuf validity = meta.nodes(firstNode[column]).nullCount() == 0 ? null : buffer(last - 2, (rows + 7) / 8);
        ArrowBuf offsets = buffer(last - 1, 4L * (rows + 1));
        long length = Integer.toUnsignedLong(offsets.getInt(4L * rows));
        ArrowBuf data = buffer(last, length);
        long begin = Integer.toUnsignedLong(offsets.getInt(0));
        for (int i = 0; i < rows; i++) {
            long end = Integer.toUnsignedLong(offsets.getInt(4L * (i + 1)));
            require(begin <= end && end <= length, columns.get(column).name() + " has texts that overlap");
            if (validity == null || (validity.getByte(i / 8) >> (i % 8) & 1) != 0) {
                byte[] bytes = new byte[(int) (end - begin)];
                data.getBytes(begin, bytes);
                texts[i] = new String(bytes, StandardCharsets.UTF_8);
            }
            begin = end;
        }
        return texts;
    }

    /** A buffer that holds at least {@code needed} bytes, decompressed if it was compressed. */
    private ArrowBuf buffer(int index, long needed) {
        if (decoded[index] == null) {
            decoded[index] = decode(index, needed);
        }
        require(decoded[index].capacity() >= needed,
                "buffer " + index + " holds " + decoded[index].capacity() + " bytes, expected " + needed);
        return decoded[index];
    }

    private ArrowBuf decode(int index, long needed) {
        Buffer place = meta.buffers(index);
        long offset = place.offset();
        long length = place.length();
        require(offset >= 0 && length >= 0 && offset <= body.capacity() && length <= body.capacity() - offset,
                "buffer " + index + " lies outside of it");
        if (!zstd || length == 0) {
            return retained(offset, length);
        }
        require(length >= LENGTH_PREFIX, "buffer " + index + " is too short for a compressed one");
        long claimed = body.getLong(offset);
        if (claimed == NOT_COMPRESSED) {
            return retained(offset + LENGTH_PREFIX, length - LENGTH_PREFIX);
        }
        require(claimed >= needed && claimed <= needed + MOST_PADDING,
                "buffer " + index + " claims " + claimed + " bytes, expected " + needed);
        return new ZstdCompressionCodec().decompress(allocator, retained(offset, length));
    }

    private ArrowBuf retained(long offset, long length) {
        body.getReferenceManager().retain();
        return body.slice(offset, length);
    }

    private static void require(boolean holds, String message) {
        if (!holds) {
            throw new IllegalArgumentException(message);
        }
    }

    @Override
    public void close() {
        for (ArrowBuf buffer : decoded) {
            if (buffer != null) {
                buffer.close();
            }
        }
        body.close();
    }
}
