package io.moeplan.engine.cuda.driver;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** A function that runs on the GPU. */
public final class Kernel {
    private static final int REGISTERS = 4;
    private static final int LOCAL_BYTES = 3;
    private static final int MAX_DYNAMIC_SHARED = 8;

    private final Cuda cuda;
    private final String name;
    private final MemorySegment function;

    Kernel(Cuda cuda, String name, MemorySegment function) {
        this.cuda = cuda;
        this.name = name;
        this.function = function;
    }

    /** Lets a block have this many bytes of dynamic shared memory. */
    public Kernel withShared(int bytes) {
        cuda.driver.call(cuda.driver.functionSetAttribute, function, MAX_DYNAMIC_SHARED, bytes);
        return this;
    }

    /** Registers of a thread. */
    public int registers() {
        return attribute(REGISTERS);
    }

    /** Bytes of a thread's local memory: more than none means that registers spill. */
    public int localBytes() {
        return attribute(LOCAL_BYTES);
    }

    private int attribute(int attribute) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(ValueLayout.JAVA_INT);
            cuda.driver.call(cuda.driver.functionGetAttribute, out, attribute, function);
            return out.get(ValueLayout.JAVA_INT, 0);
        }
    }

    /**
     * Queues a launch.
     *
     * @param grid      blocks, {@code {x, y, z}}
     * @param threads   of a block
     * @param shared    dynamic shared memory of a block, in bytes
     * @param arguments as the function declares them: Integer, Long (also for pointers), Float, DeviceBuffer for its address,
     *                  MemorySegment for a structure passed by value
     */
    public void launch(Stream stream, int[] grid, int threads, int shared, Object... arguments) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment pointers = arena.allocate(ValueLayout.ADDRESS, Math.max(1, arguments.length));
            for (int i = 0; i < arguments.length; i++) {
                pointers.setAtIndex(ValueLayout.ADDRESS, i, argument(arena, arguments[i]));
            }
            cuda.driver.call(cuda.driver.launchKernel, function, grid[0], grid[1], grid[2], threads, 1, 1, shared,
                    stream.handle(), pointers, MemorySegment.NULL);
        }
    }

    private static MemorySegment argument(Arena arena, Object value) {
        return switch (value) {
            case Integer i -> arena.allocateFrom(ValueLayout.JAVA_INT, i);
            case Long l -> arena.allocateFrom(ValueLayout.JAVA_LONG, l);
            case Float f -> arena.allocateFrom(ValueLayout.JAVA_FLOAT, f);
            case DeviceBuffer buffer -> arena.allocateFrom(ValueLayout.JAVA_LONG, buffer.address());
            case MemorySegment structure -> structure;
            default -> throw new IllegalArgumentException("a kernel cannot take a " + value.getClass().getSimpleName());
        };
    }

    @Override
    public String toString() {
        return name;
    }
}
