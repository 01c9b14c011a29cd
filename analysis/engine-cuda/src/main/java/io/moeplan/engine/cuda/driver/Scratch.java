package io.moeplan.engine.cuda.driver;

/** Device memory that operations take from one after the other, and all of it anew for each part of a layer. */
public final class Scratch implements AutoCloseable {
    private static final long ALIGNMENT = 256;

    private final DeviceBuffer buffer;
    private long taken;

    /** @throws CudaException if there is too little memory */
    public Scratch(Cuda cuda, long bytes) {
        buffer = new DeviceBuffer(cuda, bytes);
    }

    /** Bytes of all of it. */
    public long bytes() {
        return buffer.bytes();
    }

    /** Takes everything back. */
    public void reset() {
        taken = 0;
    }

    /**
     * The device address of so many bytes, a multiple of 256.
     *
     * @throws IllegalStateException if fewer are left
     */
    public long take(long bytes) {
        long at = taken;
        taken += aligned(bytes);
        if (taken > buffer.bytes()) {
            throw new IllegalStateException("scratch memory of " + buffer.bytes() + " bytes is too small for "
                    + taken);
        }
        return buffer.address() + at;
    }

    private static long aligned(long bytes) {
        return Math.ceilDiv(bytes, ALIGNMENT) * ALIGNMENT;
    }

    @Override
    public void close() {
        buffer.close();
    }
}
