package io.moeplan.engine.cuda.driver;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Device memory. Its address is a number that kernels take; nothing on the host can read through it. */
public final class DeviceBuffer implements AutoCloseable {
    private final Cuda cuda;
    private final long bytes;
    private long address;

    /**
     * Takes memory of a GPU.
     *
     * @throws CudaException if there is too little
     */
    public DeviceBuffer(Cuda cuda, long bytes) {
        this.cuda = cuda;
        this.bytes = bytes;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(ValueLayout.JAVA_LONG);
            cuda.driver.call(cuda.driver.memAlloc, out, Math.max(1, bytes));
            address = out.get(ValueLayout.JAVA_LONG, 0);
        }
    }

    /** Its size. */
    public long bytes() {
        return bytes;
    }

    /** The device address, for kernels. */
    public long address() {
        if (address == 0) {
            throw new IllegalStateException("this device memory has been freed");
        }
        return address;
    }

    /** Copies to the device, from its byte {@code at} on, after what was queued before; {@code from} stays as it is till then. */
    public void write(Stream stream, long at, MemorySegment from) {
        check(at, from.byteSize());
        cuda.driver.call(cuda.driver.copyToDevice, address() + at, from, from.byteSize(), stream.handle());
    }

    /** Copies from the device, after what was queued before. */
    public void read(Stream stream, long at, MemorySegment into) {
        check(at, into.byteSize());
        cuda.driver.call(cuda.driver.copyToHost, into, address() + at, into.byteSize(), stream.handle());
    }

    /**
     * Copies to its first bytes from another place on the device, after what was queued before.
     *
     * @param from  device address
     * @param count bytes
     * @throws IndexOutOfBoundsException if it has fewer bytes
     */
    public void copy(Stream stream, long from, long count) {
        check(0, count);
        cuda.driver.call(cuda.driver.copyDevice, address(), from, count, stream.handle());
    }

    /** Sets every byte. */
    public void fill(Stream stream, byte value) {
        cuda.driver.call(cuda.driver.fill, address(), value, bytes, stream.handle());
    }

    private void check(long at, long count) {
        if (at < 0 || count > bytes - at) {
            throw new IndexOutOfBoundsException(count + " bytes at " + at + " of " + bytes);
        }
    }

    @Override
    public void close() {
        if (address != 0) {
            cuda.driver.call(cuda.driver.memFree, address);
            address = 0;
        }
    }
}
