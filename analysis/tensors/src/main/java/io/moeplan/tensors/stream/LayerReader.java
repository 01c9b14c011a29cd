package io.moeplan.tensors.stream;

import io.moeplan.tensors.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Reads one layer after another in a thread of its own, as far ahead as it has memory for: with two slots, the next layer is
 * read while the last one is in use. Memory is the number of slots times the largest layer, whatever the checkpoint's size.
 *
 * <pre>{@code
 * try (LayerReader reader = LayerReader.start(layers, 2)) {
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
    private static final int SLOT_ALIGNMENT = 4096;

    /** What the thread has to say about the next layer. */
    private sealed interface Outcome {
        record Loaded(LoadedLayer layer) implements Outcome {}

        record Failed(Throwable problem) implements Outcome {}
    }

    private final List<ReadPlan> plans;
    private final int slots;
    private final long slotBytes;
    private final Arena arena = Arena.ofShared();
    private final BlockingQueue<MemorySegment> free;
    private final BlockingQueue<Outcome> outcomes = new LinkedBlockingQueue<>();
    private final Thread thread;
    private int taken;
    private int inUse;
    private final AtomicLong readBytes = new AtomicLong();
    private final AtomicLong readNanos = new AtomicLong();

    private LayerReader(List<ReadPlan> plans, int slots) {
        this.plans = plans;
        this.slots = slots;
        this.slotBytes = slotBytes(plans);
        this.free = new ArrayBlockingQueue<>(slots);
        this.thread = Thread.ofPlatform().daemon().name("moeplan-layer-reader").unstarted(this::run);
    }

    /**
     * Starts to read. The memory is allocated and cleared in the reader's thread, about a second a gigabyte: for several
     * passes over a model name its layers several times rather than starting again.
     *
     * @param layers the tensors of each layer, in the order of use; a layer may come more than once
     * @param slots  layers that may be in memory at a time, the one in use included
     */
    public static LayerReader start(List<List<Tensor>> layers, int slots) {
        if (slots < 1) {
            throw new IllegalArgumentException("a layer reader needs memory for at least one layer");
        }
        LayerReader reader = new LayerReader(layers.stream().map(ReadPlan::of).toList(), slots);
        reader.thread.start();
        return reader;
    }

    /** Bytes that {@link #start} with the same arguments will allocate, all off the heap. */
    public static long memoryBytes(List<List<Tensor>> layers, int slots) {
        return slots * slotBytes(layers.stream().map(ReadPlan::of).toList());
    }

    private static long slotBytes(List<ReadPlan> plans) {
        return Math.max(1, plans.stream().mapToLong(ReadPlan::bytes).max().orElse(0));
    }

    /**
     * Waits for the next layer. To be called by one thread at a time.
     *
     * @throws IOException              if it cannot be read; the message names the file
     * @throws InterruptedException     if the calling thread is interrupted; the reader can still be used
     * @throws NoSuchElementException   after the last layer
     * @throws IllegalStateException    if all slots hold layers that have not been closed, so that it would wait for ever
     */
    public LoadedLayer next() throws IOException, InterruptedException {
        if (taken == plans.size()) {
            throw new NoSuchElementException("there were " + plans.size() + " layers");
        }
        if (inUse() == slots && outcomes.isEmpty()) {
            throw new IllegalStateException("close a layer before the next one: all " + slots + " slots are in use");
        }
        Outcome outcome = outcomes.take();
        if (outcome instanceof Outcome.Failed(Throwable problem)) {
            outcomes.add(outcome);
            if (problem instanceof IOException e) {
                throw new IOException(e.getMessage(), e);
            }
            throw new IllegalStateException("reading ahead failed: " + problem, problem);
        }
        taken++;
        lent(1);
        return ((Outcome.Loaded) outcome).layer();
    }

    private synchronized int inUse() {
        return inUse;
    }

    private synchronized void lent(int layers) {
        inUse += layers;
    }

    private void run() {
        try (FileReads files = new FileReads()) {
            for (int i = 0; i < plans.size(); i++) {
                // the second slot and later ones are allocated when they are first needed
                MemorySegment slot = i < slots ? arena.allocate(slotBytes, SLOT_ALIGNMENT) : free.take();
                long start = System.nanoTime();
                files.read(plans.get(i), slot);
                readNanos.addAndGet(System.nanoTime() - start);
                readBytes.addAndGet(plans.get(i).bytes());
                outcomes.add(new Outcome.Loaded(new LoadedLayer(plans.get(i), slot, () -> release(slot))));
            }
        } catch (InterruptedException e) {
            outcomes.add(new Outcome.Failed(new IOException("the layer reader is closed", e)));
        } catch (IOException | RuntimeException | OutOfMemoryError e) {
            outcomes.add(new Outcome.Failed(e));
        }
    }

    private void release(MemorySegment slot) {
        lent(-1);
        free.add(slot);
    }

    /** Bytes read from files so far. */
    public long readBytes() {
        return readBytes.get();
    }

    /** Seconds spent reading them. */
    public double readSeconds() {
        return readNanos.get() / 1e9;
    }

    /** Stops reading and frees the memory: tensors of its layers must not be in use any more. */
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
        arena.close();
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
