package io.moeplan.recording;

import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;

/**
 * The one door to Arrow's memory, so that Arrow is set up before its first class loads.
 *
 * <p>Arrow's switches that drop bounds checks stay off: files are foreign, and every column is copied in bulk, where
 * one check per column costs nothing.
 */
final class ArrowRuntime {
    static {
        // Named outright, Arrow neither searches the class path nor logs that it did.
        if (System.getProperty("arrow.allocation.manager.type") == null) {
            System.setProperty("arrow.allocation.manager.type", "Unsafe");
        }
    }

    private ArrowRuntime() {}

    /** A fresh allocator that refuses to hand out more than {@code limit} bytes at a time. */
    static BufferAllocator allocator(long limit) {
        return new RootAllocator(limit);
    }
}
