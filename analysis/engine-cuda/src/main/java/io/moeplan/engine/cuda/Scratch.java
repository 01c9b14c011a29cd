package io.moeplan.engine.cuda;

/** Device memory that operations take from one after the other, and all of it anew for each part of a layer. */
final class Scratch implements AutoCloseable {
    private static final long ALIGNMENT = 256;

    private final DeviceBuffer buffer;
    private long taken;

    Scratch(Cuda cuda, long bytes) {
        buffer = new DeviceBuffer(cuda, bytes);
    }

    long bytes() {
        return buffer.bytes();
    }

    /** Takes everything back. */
    void reset() {
        taken = 0;
    }

    /** The address of so many bytes. */
    long take(long bytes) {
        long at = taken;
        taken += aligned(bytes);
        if (taken > buffer.bytes()) {
            throw new IllegalStateException("scratch memory of " + buffer.bytes() + " bytes is too small for "
                    + taken);
        }
        return buffer.address() + at;
    }

    static long aligned(long bytes) {
        return Math.ceilDiv(bytes, ALIGNMENT) * ALIGNMENT;
    }

    @Override
    public void close() {
        buffer.close();
    }
}
