package io.moeplan.tensors.stream;

import io.moeplan.tensors.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.UnaryOperator;

/**
 * A layer in memory: gives for each of its tensors the one that lies there, also as the argument of
 * {@link io.moeplan.tensors.matrix.Matrix#over}. Closing it gives the memory back to the reader: what was taken from it must
 * not be read any more, it will hold another layer.
 */
public final class LoadedLayer implements UnaryOperator<Tensor>, AutoCloseable {
    private final ReadPlan plan;
    private final MemorySegment memory;
    private final Runnable release;
    private final AtomicBoolean closed = new AtomicBoolean();

    LoadedLayer(ReadPlan plan, MemorySegment memory, Runnable release) {
        this.plan = plan;
        this.memory = memory;
        this.release = release;
    }

    /**
     * The same tensor in this memory.
     *
     * @throws IllegalArgumentException if it is none of this layer's
     * @throws IllegalStateException    if the layer has been closed
     */
    @Override
    public Tensor apply(Tensor tensor) {
        if (closed.get()) {
            throw new IllegalStateException("the layer with " + tensor + " is closed");
        }
        Long at = plan.places().get(ReadPlan.Place.of(tensor));
        if (at == null) {
            throw new IllegalArgumentException(tensor + " does not belong to this layer");
        }
        return tensor.in(memory.asSlice(at, tensor.data().byteSize()));
    }

    @Override
    public void close() {
        if (!closed.getAndSet(true)) {
            release.run();
        }
    }
}
