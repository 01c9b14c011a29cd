package io.moeplan.engine.cuda.driver;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Queues kernels for one type of activations on one stream. */
public final class Launcher {
    /** Dynamic shared memory that a block has without asking. */
    private static final int PLAIN_SHARED = 48 << 10;

    private final Cuda cuda;
    private final Kernels kernels;
    private final Stream stream;
    private final Map<List<String>, Kernel> found = new HashMap<>();

    /** @param kernels those of {@code cuda} */
    public Launcher(Cuda cuda, Kernels kernels, Stream stream) {
        this.cuda = cuda;
        this.kernels = kernels;
        this.stream = stream;
    }

    /** Where everything is queued. */
    public Stream stream() {
        return stream;
    }

    /** Bytes of an activation or an unpacked weight. */
    public int bytes() {
        return type().bytes();
    }

    /** The type of activations and unpacked weights. */
    public NumberType type() {
        return kernels.type();
    }

    /**
     * Takes device memory, for the caller to close.
     *
     * @throws CudaException if there is too little
     */
    public DeviceBuffer allocate(long bytes) {
        return new DeviceBuffer(cuda, bytes);
    }

    /**
     * Copies host memory to the device, after what was queued before, and waits for it.
     *
     * @param to device address
     */
    public void copyIn(long to, MemorySegment from, long bytes) {
        cuda.driver.call(cuda.driver.copyToDevice, to, from, bytes, stream.handle());
        stream.synchronize();
    }

    /**
     * Fills host memory from the device, after what was queued before, and waits for it.
     *
     * @param from device address
     */
    public void copyOut(long from, MemorySegment into) {
        cuda.driver.call(cuda.driver.copyToHost, into, from, into.byteSize(), stream.handle());
        stream.synchronize();
    }

    /** As by {@link Kernels#get}, but looked up once. */
    public Kernel kernel(String source, String name, String... defines) {
        List<String> key = new ArrayList<>(List.of(source, name));
        key.addAll(Arrays.asList(defines));
        return found.computeIfAbsent(key, missing -> kernels.get(source, name, defines));
    }

    /**
     * Queues a kernel for each of some rows (tokens, sorted rows); nothing if there are none.
     *
     * @param threads   of a row's block
     * @param arguments see {@link Kernel#launch}
     */
    public void rows(String source, String name, int rows, int threads, Object... arguments) {
        grid(kernel(source, name), rows, 1, threads, 0, arguments);
    }

    /**
     * Queues a kernel over a grid; nothing if that is empty.
     *
     * @param x         blocks, times {@code y}
     * @param threads   of a block
     * @param shared    dynamic shared memory of a block, in bytes
     * @param arguments see {@link Kernel#launch}
     */
    public void grid(Kernel kernel, int x, int y, int threads, int shared, Object... arguments) {
        if (x < 1 || y < 1) {
            return;
        }
        if (shared > PLAIN_SHARED) {
            kernel.withShared(shared);
        }
        kernel.launch(stream, new int[]{x, y, 1}, threads, shared, arguments);
    }
}
