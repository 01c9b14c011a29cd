package io.moeplan.engine.cuda.driver;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** A mark in a stream. */
public final class Event implements AutoCloseable {
    private final Cuda cuda;
    private final MemorySegment handle;

    public Event(Cuda cuda) {
        this.cuda = cuda;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(ValueLayout.ADDRESS);
            cuda.driver.call(cuda.driver.eventCreate, out, 0);
            handle = out.get(ValueLayout.ADDRESS, 0);
        }
    }

    MemorySegment handle() {
        return handle;
    }

    /** Marks what is queued in the stream so far. */
    public void record(Stream stream) {
        cuda.driver.call(cuda.driver.eventRecord, handle, stream.handle());
    }

    /** Waits for what was marked, for nothing if nothing was; an error of that work comes out here. */
    public void synchronize() {
        cuda.driver.call(cuda.driver.eventSynchronize, handle);
    }

    /** Waits for it and gives the milliseconds since another one. */
    public float millisecondsSince(Event start) {
        cuda.driver.call(cuda.driver.eventSynchronize, handle);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(ValueLayout.JAVA_FLOAT);
            cuda.driver.call(cuda.driver.eventElapsedTime, out, start.handle, handle);
            return out.get(ValueLayout.JAVA_FLOAT, 0);
        }
    }

    @Override
    public void close() {
        cuda.driver.call(cuda.driver.eventDestroy, handle);
    }
}
