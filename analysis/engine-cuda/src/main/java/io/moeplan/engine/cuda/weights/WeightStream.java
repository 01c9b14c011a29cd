package io.moeplan.engine.cuda.weights;

import io.moeplan.engine.backend.Reading;
import io.moeplan.engine.cuda.driver.Cuda;
import io.moeplan.engine.cuda.driver.DeviceBuffer;
import io.moeplan.engine.cuda.driver.Event;
import io.moeplan.engine.cuda.driver.PinnedBuffer;
import io.moeplan.engine.cuda.driver.Stream;
import io.moeplan.engine.cuda.weights.Deliveries.Delivery;
import io.moeplan.engine.cuda.weights.Deliveries.DeliveryException;
import io.moeplan.tensors.stream.Threads;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Brings pieces to the device in the order of use: files to pinned memory, by several threads, and from there, on a stream of
 * its own, to one of two raw areas on the device, while the piece before is in use. Each thread reads a chunk and queues its
 * copy by itself, so that none waits for another; the chunks are small enough to be copied out of the processor's cache.
 */
final class WeightStream implements AutoCloseable {
    private static final int AREAS = 2;
    /** Chunks of a thread: one is read while the other is copied. */
    private static final int SLOTS = 2;
    private static final long CHUNK_BYTES = 4L << 20;
    private static final int MOST_THREADS = 16;

    private final Cuda cuda;
    private final List<Piece> pieces;
    private final Deliveries deliveries;
    private final Stream stream;
    private final DeviceBuffer[] areas = new DeviceBuffer[AREAS];
    private final Event[] arrived = new Event[AREAS];
    private final Event[] used = new Event[AREAS];
    private final WeightFiles files = new WeightFiles();
    private final List<Thread> readers = new ArrayList<>();
    private final AtomicLong readBytes = new AtomicLong();
    private final BusyClock reading = new BusyClock();
    private long taken;
    private long waitedNanos;

    /** A piece's raw bytes on the device. */
    record Arrival(int area, long address) {}

    private WeightStream(Cuda cuda, List<Piece> pieces, int passes) {
        this.cuda = cuda;
        this.pieces = pieces;
        deliveries = new Deliveries(pieces.stream().map(piece -> WeightFiles.chunks(piece, CHUNK_BYTES)).toList(),
                passes,
                AREAS);
        stream = new Stream(cuda);
        for (int i = 0; i < AREAS; i++) {
            areas[i] = new DeviceBuffer(cuda, largest(pieces));
            arrived[i] = new Event(cuda);
            used[i] = new Event(cuda);
        }
    }

    /**
     * Begins to read.
     *
     * @param passes  how many times the pieces come
     * @param threads that read files; 16 at most are used
     */
    static WeightStream start(Cuda cuda, List<Piece> pieces, int passes, int threads) {
        WeightStream weights = new WeightStream(cuda, pieces, passes);
        for (int i = 0; i < Math.clamp(threads, 1, MOST_THREADS); i++) {
            weights.readers.add(
                    Thread.ofPlatform().daemon().name("moeplan-weights-" + i).unstarted(weights::deliver));
        }
        weights.readers.forEach(Thread::start);
        return weights;
    }

    /** Device memory that it takes. */
    static long bytes(List<Piece> pieces) {
        return AREAS * largest(pieces);
    }

    private static long largest(List<Piece> pieces) {
        return pieces.stream().mapToLong(Piece::rawBytes).max().orElse(0);
    }

    /** A reader's life. */
    private void deliver() {
        try {
            cuda.enter();
            try (Slots slots = new Slots(cuda, Math.min(CHUNK_BYTES, largest(pieces)))) {
                for (Delivery next = deliveries.next(); next != null; next = deliveries.next()) {
                    slots.turn();
                    read(next, slots);
                    if (!deliveries.awaitRoom(next)) {
                        return;
                    }
                    send(next, slots);
                }
            }
        } catch (InterruptedException | IOException | RuntimeException | OutOfMemoryError e) {
            deliveries.fail(e);
        }
    }

    private void read(Delivery next, Slots slots) throws IOException {
        reading.begin();
        try {
            files.read(next.chunk(), slots.memory().segment());
        } finally {
            reading.end();
        }
        readBytes.addAndGet(next.chunk().bytes());
    }

    private void send(Delivery next, Slots slots) {
        int area = next.area();
        synchronized (stream) {
            if (deliveries.isFirst(next)) {
                stream.await(used[area]);
            }
            areas[area].write(stream, next.chunk().at(), slots.memory().segment().asSlice(0, next.chunk().bytes()));
            slots.copied().record(stream);
            if (deliveries.isLast(next)) {
                arrived[area].record(stream);
            }
            deliveries.sent(next);
        }
    }

    /** A reader's pinned memory, in turn. */
    private static final class Slots implements AutoCloseable {
        private final PinnedBuffer[] memory = new PinnedBuffer[SLOTS];
        private final Event[] copied = new Event[SLOTS];
        private int turn;

        Slots(Cuda cuda, long bytes) {
            for (int i = 0; i < SLOTS; i++) {
                memory[i] = new PinnedBuffer(cuda, bytes);
                copied[i] = new Event(cuda);
            }
        }

        /** Goes to the next one, once it has been copied. */
        void turn() {
            turn = (turn + 1) % SLOTS;
            copied[turn].synchronize();
        }

        PinnedBuffer memory() {
            return memory[turn];
        }

        Event copied() {
            return copied[turn];
        }

        @Override
        public void close() {
            for (int i = 0; i < SLOTS; i++) {
                copied[i].synchronize();
                memory[i].close();
                copied[i].close();
            }
        }
    }

    /**
     * Waits until the next piece is on its way, and lets a stream wait until it is there.
     *
     * @throws UncheckedIOException  if it cannot be read; the message names the file
     * @throws CancellationException if the thread is interrupted (it stays so)
     */
    Arrival next(Piece piece, Stream consumer) {
        Piece expected = pieces.get((int) (taken % pieces.size()));
        if (expected != piece) {
            throw new IllegalStateException(piece + " is asked for, but the next weights are " + expected);
        }
        long start = System.nanoTime();
        int area;
        try {
            area = deliveries.await(taken);
        } catch (DeliveryException e) {
            if (e.getCause() instanceof IOException known) {
                throw new UncheckedIOException(known.getMessage(), known);
            }
            throw new IllegalStateException("reading weights ahead failed: " + e.getCause(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CancellationException("interrupted");
        }
        waitedNanos += System.nanoTime() - start;
        taken++;
        consumer.await(arrived[area]);
        return new Arrival(area, areas[area].address());
    }

    /** What is queued on that stream so far is all that reads this piece; the area takes another one then. */
    void release(Arrival arrival, Stream consumer) {
        used[arrival.area].record(consumer);
        deliveries.release();
    }

    Reading reading() {
        return new Reading(readBytes.get(), reading.seconds(), waitedNanos / 1e9);
    }

    /** Stops reading and frees the memory. */
    @Override
    public void close() {
        deliveries.stop();
        Threads.join(readers);
        files.close();
        stream.synchronize();
        for (int i = 0; i < AREAS; i++) {
            used[i].synchronize();
            areas[i].close();
            arrived[i].close();
            used[i].close();
        }
        stream.close();
    }
}
