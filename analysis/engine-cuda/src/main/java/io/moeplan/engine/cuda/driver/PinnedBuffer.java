package io.moeplan.engine.cuda.driver;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Host memory that the GPU copies from and to by itself, several times faster than from other memory. */
public final class PinnedBuffer implements AutoCloseable {
    /** Usable by all contexts of the process. */
    private static final int PORTABLE = 1;

    private final Cuda cuda;
    private MemorySegment segment;

    /**
     * Takes memory that all contexts of the process may use.
     *
     * @throws CudaException if there is too little
     */
    @SuppressWarnings("restricted") // the driver gives an address without its length
    public PinnedBuffer(Cuda cuda, long bytes) {
        this.cuda = cuda;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(ValueLayout.ADDRESS);
            cuda.driver.call(cuda.driver.memHostAlloc, out, Math.max(1, bytes), PORTABLE);
            segment = out.get(ValueLayout.ADDRESS, 0).reinterpret(bytes);
        }
    }

    /** The memory; not to be used after {@link #close}. */
    public MemorySegment segment() {
        if (segment == null) {
            throw new IllegalStateException("this pinned memory has been freed");
        }
        return segment;
    }

    /**
     * Copies from the device, to its byte {@code at} on, after what was queued before; not there before the stream has done it.
     *
     * @param from  device address
     * @param count bytes
     * @throws IndexOutOfBoundsException if it has fewer bytes from there on
     */
    public void read(Stream stream, long at, long from, long count) {
        MemorySegment into = segment().asSlice(at, count);
        cuda.driver.call(cuda.driver.copyToHost, into, from, count, stream.handle());
    }

    @Override
    public void close() {
        if (segment != null) {
            cuda.driver.call(cuda.driver.memFreeHost, segment);
            segment = null;
        }
    }
}
