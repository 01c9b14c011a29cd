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
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Reads pieces from their files, a chunk at a time, with several threads: one alone copies slower than the bus does. */
final class FileReads implements AutoCloseable {
    /** What a thread reads at a time. */
    private static final long SLICE = 4L << 20;

    private final ExecutorService threads;
    private final Map<Path, FileChannel> channels = new HashMap<>();

    /** {@code bytes} of a file from {@code position} on, for {@code at} in the chunk. */
    record Slice(Path file, long position, long bytes, long at) {}

    /** A part of a piece's raw memory, from its byte {@code at} on. */
    record Chunk(long at, long bytes, List<Slice> slices) {}

    FileReads(int threads) {
        this.threads = Executors.newFixedThreadPool(threads, Thread.ofPlatform().daemon().name("moeplan-read-", 0)
                .factory());
    }

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
                long bytes = Math.min(Math.min(SLICE, size - done), start + most - at);
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

    /** A chunk that is being read. */
    static final class Pending {
        private final Chunk chunk;
        private final List<Future<?>> parts = new ArrayList<>();
        private final long started = System.nanoTime();

        private Pending(Chunk chunk) {
            this.chunk = chunk;
        }

        Chunk chunk() {
            return chunk;
        }

        /**
         * Waits until it is read.
         *
         * @return nanoseconds since it was begun
         * @throws IOException if a file cannot be read, or is shorter than it was; the message names it
         */
        long await() throws IOException, InterruptedException {
            IOException problem = null;
            for (Future<?> part : parts) {
                try {
                    part.get();
                } catch (ExecutionException e) {
                    problem = e.getCause() instanceof CheckpointException known
                            ? known
                            : new IOException(String.valueOf(e.getCause()), e);
                }
            }
            if (problem != null) {
                throw problem;
            }
            return System.nanoTime() - started;
        }
    }

    /** Begins to read a chunk. */
    Pending begin(Chunk chunk, MemorySegment into) throws IOException {
        Pending pending = new Pending(chunk);
        for (Slice slice : chunk.slices()) {
            FileChannel channel = channel(slice.file());
            MemorySegment place = into.asSlice(slice.at(), slice.bytes());
            pending.parts.add(threads.submit(() -> {
                read(channel, slice, place);
                return null;
            }));
        }
        return pending;
    }

    private FileChannel channel(Path file) throws IOException {
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

    private static void read(FileChannel channel, Slice slice, MemorySegment into) throws CheckpointException {
        ByteBuffer buffer = into.asByteBuffer();
        try {
            while (buffer.hasRemaining()) {
                if (channel.read(buffer, slice.position() + buffer.position()) < 0) {
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
        threads.close();
        for (FileChannel channel : channels.values()) {
            try {
                channel.close();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
