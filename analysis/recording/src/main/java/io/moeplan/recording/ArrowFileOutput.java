package io.moeplan.recording;

import java.io.Closeable;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.SeekableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.arrow.compression.ZstdCompressionCodec;
import org.apache.arrow.memory.ArrowBuf;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.compression.CompressionCodec;
import org.apache.arrow.vector.compression.CompressionUtil;
import org.apache.arrow.vector.compression.NoCompressionCodec;
import org.apache.arrow.vector.ipc.WriteChannel;
import org.apache.arrow.vector.ipc.message.ArrowBlock;
import org.apache.arrow.vector.ipc.message.ArrowBodyCompression;
import org.apache.arrow.vector.ipc.message.ArrowFooter;
import org.apache.arrow.vector.ipc.message.ArrowRecordBatch;
import org.apache.arrow.vector.ipc.message.IpcOption;
import org.apache.arrow.vector.ipc.message.MessageSerializer;
import org.apache.arrow.vector.types.pojo.Schema;

/**
 * An Arrow IPC file that any reader can open after every batch.
 *
 * <p>Every append cuts the old footer off, writes the batch in its place and a new footer behind it. A process killed
 * in between leaves a file without a footer whose complete batches {@link ArrowFileInput} still finds: the cut goes
 * first, so a torn batch always runs into the end of the file and never into bytes of the old footer.
 */
final class ArrowFileOutput implements Closeable {
    private static final byte[] MAGIC = "ARROW1".getBytes(StandardCharsets.US_ASCII);
    /** A zstd level that keeps up with the writer; higher ones gain a few percent. */
    private static final int ZSTD_LEVEL = 1;

    private final Path file;
    private final SeekableByteChannel channel;
    private final Schema schema;
    private final BufferAllocator allocator;
    private final CompressionCodec zstd;
    private final List<ArrowBlock> blocks = new ArrayList<>();
    private long end;
    private long rows;
    private boolean broken;

    /**
     * Writes the header and the footer of an empty file.
     *
     * @param channel a new, empty file's; closed by {@link #close()}
     * @param zstd    whether to compress
     */
    ArrowFileOutput(Path file, SeekableByteChannel channel, Schema schema, BufferAllocator allocator, boolean zstd)
            throws IOException {
        this.file = file;
        this.channel = channel;
        this.schema = schema;
        this.allocator = allocator;
        this.zstd = zstd ? new ZstdCompressionCodec(ZSTD_LEVEL) : null;
        try {
            WriteChannel out = new WriteChannel(channel);
            out.write(MAGIC);
            out.align();
            MessageSerializer.serialize(out, schema);
            end = out.getCurrentPosition();
            writeFooter();
        } catch (IOException e) {
            throw FileFault.writing(file, "nothing was recorded", e);
        }
    }

    /** Rows that are safely in the file. */
    long rows() {
        return rows;
    }

    /** Whether a write failed; what was written before is still there. */
    boolean isBroken() {
        return broken;
    }

    /**
     * Writes a batch and makes the file whole again. A batch that cannot be written is taken back.
     *
     * @throws IOException if there is no space or the device fails
     */
    void append(OutgoingBatch batch) throws IOException {
        List<ArrowBuf> body = new ArrayList<>();
        try {
            batch.buffers().forEach(buffer -> body.add(encoded(buffer)));
            ArrowBodyCompression compression = zstd == null
                    ? NoCompressionCodec.DEFAULT_BODY_COMPRESSION
                    : CompressionUtil.createBodyCompression(zstd);
            try (var message = new ArrowRecordBatch(batch.rows(), batch.nodes(), body, compression)) {
                append(message);
            }
            rows += batch.rows();
        } finally {
            body.forEach(ArrowBuf::close);
        }
    }

    private ArrowBuf encoded(ArrowBuf buffer) {
        buffer.getReferenceManager().retain();
        return zstd == null || buffer.readableBytes() == 0 ? buffer : zstd.compress(allocator, buffer);
    }

    private void append(ArrowRecordBatch message) throws IOException {
        if (broken) {
            throw new IOException(file + ": an earlier write failed, so nothing more can be recorded");
        }
        long start = end;
        try {
            channel.truncate(end);
            channel.position(end);
            WriteChannel out = new WriteChannel(channel);
            ArrowBlock block = MessageSerializer.serialize(out, message);
            blocks.add(new ArrowBlock(start + block.getOffset(), block.getMetadataLength(), block.getBodyLength()));
            end = start + out.getCurrentPosition();
            writeFooter();
        } catch (IOException e) {
            broken = true;
            takeBack(start, e);
            throw FileFault.writing(file, "the " + rows + " rows written before are kept, the rest is not recorded", e);
        }
    }

    private void writeFooter() throws IOException {
        channel.position(end);
        WriteChannel out = new WriteChannel(channel);
        out.writeIntLittleEndian(MessageSerializer.IPC_CONTINUATION_TOKEN);
        out.writeIntLittleEndian(0);
        long start = out.getCurrentPosition();
        out.write(new ArrowFooter(schema, List.of(), blocks, Map.of(), IpcOption.DEFAULT.metadataVersion), false);
        out.writeIntLittleEndian((int) (out.getCurrentPosition() - start));
        out.write(MAGIC);
    }

    private void takeBack(long start, IOException cause) {
        try {
            if (end > start) {
                blocks.removeLast();
            }
            end = start;
            channel.truncate(end);
            writeFooter();
        } catch (IOException e) {
            // The footer is gone, the batches are not: the reader finds them without it.
            cause.addSuppressed(e);
        }
    }

    /** Puts what was written onto the device, so that it survives the machine and not only the process. */
    void sync() throws IOException {
        if (channel instanceof FileChannel real) {
            real.force(false);
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
