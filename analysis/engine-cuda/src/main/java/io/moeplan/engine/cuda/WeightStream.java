package io.moeplan.engine.cuda;

import io.moeplan.engine.backend.Reading;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CancellationException;
import java.util.concurrent.Semaphore;

/**
 * Brings pieces to the device in the order of use, in a thread and on a stream of its own: files to pinned memory, pinned
 * memory to one of two raw areas on the device, while the piece before is in use.
 */
final class WeightStream implements AutoCloseable {
    private static final int AREAS = 2;
    private static final int CHUNKS = 6;
    /** Chunks that are read at the same time. */
    private static final int READING = 3;
    private static final long CHUNK_BYTES = 64L << 20;

    private final Cuda cuda;
    private final List<Piece> pieces;
    private final int passes;
    private final Stream stream;
    private final DeviceBuffer[] areas = new DeviceBuffer[AREAS];
    private final Event[] arrived = new Event[AREAS];
    private final Event[] used = new Event[AREAS];
    private final PinnedBuffer[] chunks = new PinnedBuffer[CHUNKS];
    private final Event[] copied = new Event[CHUNKS];
    private final FileReads files;
    private final Semaphore free = new Semaphore(AREAS);
    private final Queue<Integer> ready = new ArrayDeque<>();
    private final Thread thread;
    private Throwable problem;
    private final long started = System.nanoTime();
    /** Only of the reading thread. */
    private long blockedNanos;
    private long taken;
    private long readBytes;
    private long readNanos;
    private long waitedNanos;

    /** A piece's raw bytes on the device. */
    record Arrival(int area, long address) {}

    private WeightStream(Cuda cuda, List<Piece> pieces, int passes, int threads) {
        this.cuda = cuda;
        this.pieces = pieces;
        this.passes = passes;
        stream = new Stream(cuda);
        long largest = largest(pieces);
        for (int i = 0; i < AREAS; i++) {
            areas[i] = new DeviceBuffer(cuda, largest);
            arrived[i] = new Event(cuda);
            used[i] = new Event(cuda);
        }
        for (int i = 0; i < CHUNKS; i++) {
            chunks[i] = new PinnedBuffer(cuda, Math.min(CHUNK_BYTES, Math.max(1, largest)));
            copied[i] = new Event(cuda);
        }
        files = new FileReads(threads);
        thread = Thread.ofPlatform().daemon().name("moeplan-weights").unstarted(this::run);
    }

    /**
     * Begins to read.
     *
     * @param passes  how many times the pieces come
     * @param threads that read files
     */
    static WeightStream start(Cuda cuda, List<Piece> pieces, int passes, int threads) {
        WeightStream weights = new WeightStream(cuda, pieces, passes, threads);
        weights.thread.start();
        return weights;
    }

    /** Device memory that it takes. */
    static long bytes(List<Piece> pieces) {
        return AREAS * largest(pieces);
    }

    private static long largest(List<Piece> pieces) {
        return pieces.stream().mapToLong(Piece::rawBytes).max().orElse(0);
    }

    /** A chunk on its way: of which piece (counted over all passes), whether that begins or ends with it, and where. */
    private record Moving(FileReads.Pending pending, long piece, boolean begins, boolean ends, int slot) {}

    private void run() {
        try {
            cuda.enter();
            Queue<Moving> moving = new ArrayDeque<>();
            long number = 0;
            for (long i = 0; i < (long) passes * pieces.size(); i++) {
                List<FileReads.Chunk> parts = FileReads.chunks(pieces.get((int) (i % pieces.size())), CHUNK_BYTES);
                for (int part = 0; part < parts.size(); part++) {
                    // Reading runs ahead of copying, so that no thread waits for the slowest of a chunk.
                    if (moving.size() == READING) {
                        copy(moving.remove());
                    }
                    int slot = (int) (number++ % CHUNKS);
                    copied[slot].synchronize();
                    moving.add(new Moving(files.begin(parts.get(part), chunks[slot].segment()), i, part == 0,
                            part == parts.size() - 1, slot));
                }
            }
            while (!moving.isEmpty()) {
                copy(moving.remove());
            }
        } catch (InterruptedException | IOException | RuntimeException | OutOfMemoryError e) {
            fail(e);
        }
    }

    /** Queues the copy of a chunk to the device once it is read. */
    private void copy(Moving chunk) throws IOException, InterruptedException {
        int area = (int) (chunk.piece % AREAS);
        FileReads.Chunk part = chunk.pending.chunk();
        chunk.pending.await();
        countRead(part.bytes());
        if (chunk.begins) {
            long start = System.nanoTime();
            free.acquire();
            blockedNanos += System.nanoTime() - start;
            stream.await(used[area]);
        }
        areas[area].write(stream, part.at(), chunks[chunk.slot].segment().asSlice(0, part.bytes()));
        copied[chunk.slot].record(stream);
        if (chunk.ends) {
            arrived[area].record(stream);
            add(area);
        }
    }

    /** Chunks overlap: what counts is the time since the first began, without that of waiting for room. */
    private synchronized void countRead(long bytes) {
        readBytes += bytes;
        readNanos = System.nanoTime() - started - blockedNanos;
    }

    private synchronized void add(int area) {
        ready.add(area);
        notifyAll();
    }

    private synchronized void fail(Throwable e) {
        problem = e;
        notifyAll();
    }

    /**
     * Waits until the next piece is on its way, and lets a stream wait until it is there.
     *
     * @throws UncheckedIOException  if it cannot be read; the message names the file
     * @throws CancellationException if the thread is interrupted (it stays so)
     */
    synchronized Arrival next(Piece piece, Stream consumer) {
        Piece expected = pieces.get((int) (taken % pieces.size()));
        if (expected != piece) {
            throw new IllegalStateException(piece + " is asked for, but the next weights are " + expected);
        }
        long start = System.nanoTime();
        while (ready.isEmpty()) {
            if (problem instanceof IOException e) {
                throw new UncheckedIOException(e.getMessage(), e);
            }
            if (problem != null) {
                throw new IllegalStateException("reading weights ahead failed: " + problem, problem);
            }
            try {
                wait();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new CancellationException("interrupted");
            }
        }
        waitedNanos += System.nanoTime() - start;
        taken++;
        int area = ready.remove();
        consumer.await(arrived[area]);
        return new Arrival(area, areas[area].address());
    }

    /** What is queued on that stream so far is all that reads this piece; the area takes another one then. */
    void release(Arrival arrival, Stream consumer) {
        used[arrival.area].record(consumer);
        free.release();
    }

    synchronized Reading reading() {
        return new Reading(readBytes, readNanos / 1e9, waitedNanos / 1e9);
    }

    /** Stops reading and frees the memory. */
    @Override
    public void close() {
        thread.interrupt();
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        files.close();
        stream.synchronize();
        for (int i = 0; i < AREAS; i++) {
            used[i].synchronize();
            areas[i].close();
            arrived[i].close();
            used[i].close();
        }
        for (int i = 0; i < CHUNKS; i++) {
            chunks[i].close();
            copied[i].close();
        }
        stream.close();
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
