package io.moeplan.engine.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Host memory that the GPU copies from and to by itself, several times faster than from other memory. */
final class PinnedBuffer implements AutoCloseable {
    /** Usable by all contexts of the process. */
    private static final int PORTABLE = 1;

    private final Cuda cuda;
    private MemorySegment segment;

    /** @throws CudaException if there is too little memory */
    @SuppressWarnings("restricted") // the driver gives an address without its length
    PinnedBuffer(Cuda cuda, long bytes) {
        this.cuda = cuda;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(ValueLayout.ADDRESS);
            cuda.driver.call(cuda.driver.memHostAlloc, out, Math.max(1, bytes), PORTABLE);
            segment = out.get(ValueLayout.ADDRESS, 0).reinterpret(bytes);
        }
    }

    /** The memory; not to be used after {@link #close}. */
    MemorySegment segment() {
        if (segment == null) {
            throw new IllegalStateException("this pinned memory has been freed");
        }
        return segment;
    }

    @Override
    public void close() {
        if (segment != null) {
            cuda.driver.call(cuda.driver.memFreeHost, segment);
            segment = null;
        }
    }
}
