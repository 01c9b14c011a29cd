package io.moeplan.recording;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import org.apache.arrow.flatbuf.Message;
import org.apache.arrow.flatbuf.MessageHeader;
import org.apache.arrow.flatbuf.RecordBatch;
import org.apache.arrow.flatbuf.Schema;
import org.apache.arrow.memory.ArrowBuf;
import org.apache.arrow.memory.BufferAllocator;

/**
 * Reads the record batches of an Arrow IPC file from front to back, one in memory at a time.
 *
 * <p>The file format is the stream format with a footer behind it, so batches are found without the footer. That makes
 * the file of a killed recorder no special case: the complete batches are there, the torn one runs into the end.
 */
final class ArrowFileInput implements Closeable {
    private static final byte[] MAGIC = "ARROW1".getBytes(StandardCharsets.US_ASCII);
    private static final int HEADER = 8;
    private static final int PREFIX = 8;
    private static final int CONTINUATION = -1;
    /** Room for one of our own batches, compressed and not, however small the file. */
    private static final long LEAST_MEMORY = 64L << 20;
    /** Decompressed bytes granted per byte of the file. */
    private static final long MOST_EXPANSION = 16;

    /** A message's metadata describes a handful of columns. */
    private static final int MOST_METADATA = 16 << 20;

    /** A step through the file. */
    private record Part(ByteBuffer metadata, long bodyAt) {}

    private final Path file;
    private final FileChannel channel;
    private final BufferAllocator allocator;
    private final boolean whole;
    private final long end;
    private final Schema schema;
    private List<Column> columns = List.of();
    private long at = HEADER;

    private ArrowFileInput(Path file, FileChannel channel) throws IOException {
        this.file = file;
        this.channel = channel;
        long size = channel.size();
        if (size < HEADER || !magicAt(0)) {
            throw new IOException(file + ": not an Arrow IPC file");
        }
        long footer = footerBytes(size);
        this.whole = footer > 0;
        this.end = size - footer;
        this.allocator = ArrowRuntime.allocator(LEAST_MEMORY + MOST_EXPANSION * size);
        try {
            Part first = part();
            if (first == null) {
                throw new IOException("the schema is cut off");
            }
            this.schema = SchemaCheck.schema(first.metadata());
            at = first.bodyAt();
        } catch (IOException | RuntimeException e) {
            allocator.close();
            throw damaged(e);
        }
    }

    /** @throws IOException if there is no such file or it is no Arrow IPC file */
    static ArrowFileInput open(Path file) throws IOException {
        FileChannel channel;
        try {
            channel = FileChannel.open(file, StandardOpenOption.READ);
        } catch (IOException e) {
            throw FileFault.reading(file, "the manifest calls for it", e);
        }
        try {
            return new ArrowFileInput(file, channel);
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    /** Whether the file ends with a footer, as it does after every flush. */
    boolean isWhole() {
        return whole;
    }

    /** Number of columns, whatever they are. */
    int columnCount() throws IOException {
        try {
            return schema.fieldsLength();
        } catch (RuntimeException e) {
            throw damaged(e);
        }
    }

    /** Says what columns there must be; call before {@link #next()}. */
    void expect(List<Column> expected) throws IOException {
        try {
            SchemaCheck.check(schema, expected);
        } catch (IOException e) {
            throw new IOException(file + ": " + e.getMessage(), e);
        } catch (RuntimeException e) {
            throw damaged(e);
        }
        columns = expected;
    }

    /** The next batch, which the caller closes, or null after the last complete one. */
    IncomingBatch next() throws IOException {
        try {
            Part part = part();
            return part == null ? null : batch(part);
        } catch (IOException | RuntimeException | OutOfMemoryError e) {
            throw damaged(e);
        }
    }

    /** Runs code that reads from a batch, and turns what it finds wrong into an exception that names the place. */
    void decode(Runnable reading) throws IOException {
        try {
            reading.run();
        } catch (RuntimeException | OutOfMemoryError e) {
            throw damaged(e);
        }
    }

    /** Other writers may make one batch of a whole file, so too large for the memory at hand is a fault like others. */
    private IOException damaged(Throwable cause) {
        String fault = cause instanceof OutOfMemoryError ? "it does not fit into memory" : cause.getMessage();
        return new IOException(file + ": unreadable before byte " + at + ": " + fault, cause);
    }

    private IncomingBatch batch(Part part) throws IOException {
        Message message = Message.getRootAsMessage(part.metadata());
        if (message.headerType() != MessageHeader.RecordBatch) {
            throw new IOException("a message that is no record batch");
        }
        long bodyBytes = message.bodyLength();
        if (bodyBytes < 0 || bodyBytes > end - part.bodyAt()) {
            if (whole || bodyBytes < 0) {
                throw new IOException("a record batch claims " + bodyBytes + " bytes");
            }
            at = end;
            return null;
        }
        at = part.bodyAt() + bodyBytes;
        ArrowBuf body = allocator.buffer(bodyBytes);
        try {
            readFully(body, part.bodyAt(), bodyBytes);
            return new IncomingBatch(columns, (RecordBatch) message.header(new RecordBatch()),
                    body.writerIndex(bodyBytes), allocator);
        } catch (IOException | RuntimeException e) {
            body.close();
            throw e;
        }
    }

    /** The next message's metadata, or null at the end. */
    private Part part() throws IOException {
        if (end - at < PREFIX) {
            return ended("the end-of-stream mark is missing");
        }
        ByteBuffer prefix = read(at, PREFIX);
        int mark = prefix.getInt();
        int length = prefix.getInt();
        if (mark != CONTINUATION) {
            return ended("no message begins here");
        }
        if (length == 0) {
            return end - at == PREFIX ? null : ended((end - at - PREFIX) + " bytes follow the end-of-stream mark");
        }
        if (length < 0 || length > end - at - PREFIX) {
            return ended("a message claims " + length + " bytes");
        }
        if (length > MOST_METADATA) {
            throw new IOException("a message claims " + length + " bytes of metadata");
        }
        return new Part(read(at + PREFIX, length), at + PREFIX + length);
    }

    /** The end: as it should be in a file that a killed recorder left, a fault in one with a footer. */
    private Part ended(String fault) throws IOException {
        if (whole) {
            throw new IOException(fault);
        }
        at = end;
        return null;
    }

    /** Bytes of the footer with its length and the closing magic, 0 if there is none. */
    private long footerBytes(long size) throws IOException {
        int tail = Integer.BYTES + MAGIC.length;
        if (size < HEADER + PREFIX + tail || !magicAt(size - MAGIC.length)) {
            return 0;
        }
        int length = read(size - tail, Integer.BYTES).getInt();
        return length > 0 && length <= size - HEADER - PREFIX - tail ? (long) length + tail : 0;
    }

    private boolean magicAt(long position) throws IOException {
        return read(position, MAGIC.length).equals(ByteBuffer.wrap(MAGIC));
    }

    private ByteBuffer read(long position, int bytes) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
        readFully(buffer, position);
        return buffer.flip();
    }

    private void readFully(ArrowBuf buffer, long position, long bytes) throws IOException {
        int chunk = 1 << 30;
        for (long done = 0; done < bytes; done += chunk) {
            readFully(buffer.nioBuffer(done, (int) Math.min(chunk, bytes - done)), position + done);
        }
    }

    private void readFully(ByteBuffer buffer, long position) throws IOException {
        long next = position;
        while (buffer.hasRemaining()) {
            int count = channel.read(buffer, next);
            if (count < 0) {
                throw new IOException("the file became shorter while it was read");
            }
            next += count;
        }
    }

    @Override
    public void close() throws IOException {
        try (channel) {
            allocator.close();
        }
    }
}
