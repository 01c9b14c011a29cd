package io.moeplan.engine.cuda.driver;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Work of the GPU that runs in its order, beside other streams. */
public final class Stream implements AutoCloseable {
    private static final int NON_BLOCKING = 1;

    private final Cuda cuda;
    private final MemorySegment handle;

    public Stream(Cuda cuda) {
        this.cuda = cuda;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(ValueLayout.ADDRESS);
            cuda.driver.call(cuda.driver.streamCreate, out, NON_BLOCKING);
            handle = out.get(ValueLayout.ADDRESS, 0);
        }
    }

    MemorySegment handle() {
        return handle;
    }

    /** Lets later work of this stream wait for an event. */
    public void await(Event event) {
        cuda.driver.call(cuda.driver.streamWaitEvent, handle, event.handle(), 0);
    }

    /** Waits until all work is done; an error of any of it comes out here. */
    public void synchronize() {
        cuda.driver.call(cuda.driver.streamSynchronize, handle);
    }

    @Override
    public void close() {
        cuda.driver.call(cuda.driver.streamDestroy, handle);
    }
}
