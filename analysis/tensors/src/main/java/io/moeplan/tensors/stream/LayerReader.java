package io.moeplan.tensors.stream;

import io.moeplan.tensors.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;

/**
 * Reads one layer (or part of one) after another in a thread of its own, as far ahead as its memory allows: with room for
 * two, the next layer is read while the last one is in use.
 *
 * <pre>{@code
 * try (LayerReader reader = LayerReader.start(layers, passes, bytes)) {
 *     for (...) {
 *         try (LoadedLayer layer = reader.next()) {
 *             Matrix gate = weights.gate().over(layer);
 *             ...
 *         }
 *     }
 * }
 * }</pre>
 */
public final class LayerReader implements AutoCloseable {
    private final List<ReadPlan> plans;
    /** How many layers come in all passes. */
    private final long total;
    private final Ring ring;
    private final Arena arena = Arena.ofShared();
    private final Queue<LoadedLayer> loaded = new ArrayDeque<>();
    private final Thread thread;
    private final AtomicLong readBytes = new AtomicLong();
    private final AtomicLong readNanos = new AtomicLong();
    private final AtomicLong waitedNanos = new AtomicLong();
    private long taken;
    /** Whether the thread waits for memory. */
    private boolean full;
    private Throwable problem;

    private LayerReader(List<ReadPlan> plans, int passes, long bytes) {
        this.plans = plans;
        this.total = (long) passes * plans.size();
        this.ring = new Ring(bytes);
        this.thread = Thread.ofPlatform().daemon().name("moeplan-layer-reader").unstarted(this::run);
    }

    /**
     * Starts to read. The memory is allocated and cleared in the reader's thread, about a second a gigabyte: for several
     * passes over a model start once.
     *
     * @param layers the tensors of each layer, in the order of use
     * @param passes how many times the layers come
     * @param bytes  memory to read into; twice {@link #leastBytes} is enough to read one layer while another is in use
     * @throws IllegalArgumentException if that is less than {@link #leastBytes}
     */
    public static LayerReader start(List<List<Tensor>> layers, int passes, long bytes) {
        List<ReadPlan> plans = layers.stream().map(ReadPlan::of).toList();
        long least = leastBytes(plans.stream());
        if (Ring.aligned(bytes) < least) {
            throw new IllegalArgumentException("the largest layer takes " + least + " bytes, more than " + bytes);
        }
        LayerReader reader = new LayerReader(plans, passes, bytes);
        reader.thread.start();
        return reader;
    }

    /** Bytes of the largest of these layers in memory. */
    public static long leastBytes(List<List<Tensor>> layers) {
        return leastBytes(layers.stream().map(ReadPlan::of));
    }

    private static long leastBytes(Stream<ReadPlan> plans) {
        return Ring.aligned(Math.max(1, plans.mapToLong(ReadPlan::bytes).max().orElse(0)));
    }

    /**
     * Waits for the next layer. To be called by one thread at a time.
     *
     * @throws IOException            if it cannot be read; the message names the file
     * @throws InterruptedException   if the calling thread is interrupted; the reader can still be used
     * @throws NoSuchElementException after the last layer
     * @throws IllegalStateException  if layers that have not been closed take the memory, so that it would wait for ever
     */
    public synchronized LoadedLayer next() throws IOException, InterruptedException {
        if (taken == total) {
            throw new NoSuchElementException("there were " + total + " layers");
        }
        long start = System.nanoTime();
        while (loaded.isEmpty()) {
            if (problem instanceof IOException e) {
                throw new IOException(e.getMessage(), e);
            }
            if (problem != null) {
                throw new IllegalStateException("reading ahead failed: " + problem, problem);
            }
            if (full) {
                throw new IllegalStateException("close a layer before the next one: there is no memory left");
            }
            wait();
        }
        waitedNanos.addAndGet(System.nanoTime() - start);
        taken++;
        return loaded.remove();
    }

    private void run() {
        try (FileReads files = new FileReads()) {
            MemorySegment memory = arena.allocate(ring.capacity(), 4096);
            for (long i = 0; i < total; i++) {
                ReadPlan plan = plans.get((int) (i % plans.size()));
                Ring.Piece piece = take(plan.bytes());
                MemorySegment place = memory.asSlice(piece.from(), plan.bytes());
                long start = System.nanoTime();
                files.read(plan, place);
                readNanos.addAndGet(System.nanoTime() - start);
                readBytes.addAndGet(plan.bytes());
                add(new LoadedLayer(plan, place, () -> giveBack(piece)));
            }
        } catch (InterruptedException e) {
            fail(new IOException("the layer reader is closed", e));
        } catch (IOException | RuntimeException | OutOfMemoryError e) {
            fail(e);
        }
    }

    private synchronized Ring.Piece take(long bytes) throws InterruptedException {
        Optional<Ring.Piece> piece = ring.take(bytes);
        while (piece.isEmpty()) {
            full = true;
            notifyAll();
            wait();
            piece = ring.take(bytes);
        }
        full = false;
        return piece.get();
    }

    private synchronized void add(LoadedLayer layer) {
        loaded.add(layer);
        notifyAll();
    }

    private synchronized void fail(Throwable e) {
        problem = e;
        notifyAll();
    }

    private synchronized void giveBack(Ring.Piece piece) {
        ring.giveBack(piece);
        full = false;
        notifyAll();
    }

    /** Bytes read from files so far. */
    public long readBytes() {
        return readBytes.get();
    }

    /** Seconds spent reading them. */
    public double readSeconds() {
        return readNanos.get() / 1e9;
    }

    /** Seconds that {@link #next} has waited. */
    public double waitedSeconds() {
        return waitedNanos.get() / 1e9;
    }

    /** Stops reading and frees the memory: tensors of its layers must not be in use any more. */
    @Override
    public void close() {
        thread.interrupt();
        Threads.join(List.of(thread));
        arena.close();
    }
}
