package io.moeplan.engine.cuda;

import io.moeplan.tensors.CheckpointException;
import io.moeplan.tensors.Tensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The files that pieces lie in; any number of threads may read. */
final class WeightFiles implements AutoCloseable {
    private final Map<Path, FileChannel> channels = new HashMap<>();

    /** {@code bytes} of a file from {@code position} on, for {@code at} in the chunk. */
    record Slice(Path file, long position, long bytes, long at) {}

    /** A part of a piece's raw memory, from its byte {@code at} on. */
    record Chunk(long at, long bytes, List<Slice> slices) {}

    /** A piece in chunks of at most so many bytes. */
    static List<Chunk> chunks(Piece piece, long most) {
        List<Chunk> chunks = new ArrayList<>();
        List<Slice> slices = new ArrayList<>();
        long start = 0;
        for (Tensor tensor : piece.tensors()) {
            long size = tensor.data().byteSize();
            for (long done = 0; done < size;) {
                long at = piece.rawAt(tensor) + done;
                if (at - start >= most) {
                    chunks.add(chunk(start, slices));
                    slices = new ArrayList<>();
                    start = at;
                }
                long bytes = Math.min(size - done, start + most - at);
                slices.add(new Slice(tensor.file(), tensor.position() + done, bytes, at - start));
                done += bytes;
            }
        }
        if (!slices.isEmpty()) {
            chunks.add(chunk(start, slices));
        }
        return chunks;
    }

    private static Chunk chunk(long start, List<Slice> slices) {
        Slice last = slices.getLast();
        return new Chunk(start, last.at() + last.bytes(), List.copyOf(slices));
    }

    /**
     * Reads a chunk.
     *
     * @throws IOException if a file cannot be read, or is shorter than it was; the message names it
     */
    void read(Chunk chunk, MemorySegment into) throws IOException {
        for (Slice slice : chunk.slices()) {
            read(channel(slice.file()), slice, into.asSlice(slice.at(), slice.bytes()).asByteBuffer());
        }
    }

    private synchronized FileChannel channel(Path file) throws IOException {
        FileChannel channel = channels.get(file);
        if (channel == null) {
            try {
                channel = FileChannel.open(file, StandardOpenOption.READ);
            } catch (IOException e) {
                throw new CheckpointException(file, "cannot be read: " + e.getMessage(), e);
            }
            channels.put(file, channel);
        }
        return channel;
    }

    private static void read(FileChannel channel, Slice slice, ByteBuffer into) throws CheckpointException {
        try {
            while (into.hasRemaining()) {
                if (channel.read(into, slice.position() + into.position()) < 0) {
                    throw new CheckpointException(slice.file(), "truncated since it was opened: it ends before byte "
                            + (slice.position() + slice.bytes()));
                }
            }
        } catch (CheckpointException e) {
            throw e;
        } catch (IOException e) {
            throw new CheckpointException(slice.file(), "cannot be read: " + e.getMessage(), e);
        }
    }

    @Override
    public void close() {
        for (FileChannel channel : channels.values()) {
            try {
                channel.close();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
