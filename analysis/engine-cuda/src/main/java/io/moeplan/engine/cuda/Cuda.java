package io.moeplan.engine.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * One GPU, ready for use by the calling thread: its context, a compiler for it, and what it is.
 *
 * @see #open
 */
public final class Cuda implements AutoCloseable {
    private static final int MAJOR = 75;
    private static final int MINOR = 76;
    private static final int MULTIPROCESSORS = 16;
    /** Ampere: the oldest with bf16 matrix units. */
    private static final int OLDEST = 80;

    final Driver driver;
    final Compiler compiler;
    private final MemorySegment context;
    private final int device;
    private final String name;
    private final int capability;
    private final boolean hopper;
    private final int multiprocessors;

    private Cuda(Driver driver, Compiler compiler, MemorySegment context, int device, String name,
            int capability, boolean hopper, int multiprocessors) {
        this.driver = driver;
        this.compiler = compiler;
        this.context = context;
        this.device = device;
        this.name = name;
        this.capability = capability;
        this.hopper = hopper;
        this.multiprocessors = multiprocessors;
    }

    /**
     * Opens a GPU.
     *
     * @param number which one, from 0
     * @throws Unavailable if that is not possible here; the message is the reason, in a line
     */
    public static Cuda open(int number) throws Unavailable {
        return open(number, LibraryFinder.ofProcess());
    }

    static Cuda open(int number, LibraryFinder finder) throws Unavailable {
        Driver driver = Driver.load(finder);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(ValueLayout.JAVA_INT);
            driver.call(driver.deviceGetCount, out);
            int count = out.get(ValueLayout.JAVA_INT, 0);
            if (number >= count) {
                throw new Unavailable(count == 0
                        ? "the CUDA driver finds no GPU"
                        : "there is no GPU " + number + ", the last is " + (count - 1));
            }
            driver.call(driver.deviceGet, out, number);
            int device = out.get(ValueLayout.JAVA_INT, 0);
            MemorySegment text = arena.allocate(256);
            driver.call(driver.deviceGetName, text, 256, device);
            String name = text.getString(0);
            int capability = 10 * attribute(driver, device, MAJOR) + attribute(driver, device, MINOR);
            if (capability < OLDEST) {
                throw new Unavailable(name + " has compute capability " + capability / 10 + "." + capability % 10
                        + ", needed is 8.0 (Ampere) or later");
            }
            Compiler compiler = Compiler.load(finder);
            MemorySegment place = arena.allocate(ValueLayout.ADDRESS);
            driver.call(driver.primaryContextRetain, place, device);
            MemorySegment context = place.get(ValueLayout.ADDRESS, 0);
            driver.call(driver.contextSetCurrent, context);
            return new Cuda(driver, compiler, context, device, name, capability, capability == 90,
                    attribute(driver, device, MULTIPROCESSORS));
        }
    }

    private static int attribute(Driver driver, int device, int attribute) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(ValueLayout.JAVA_INT);
            driver.call(driver.deviceGetAttribute, out, attribute, device);
            return out.get(ValueLayout.JAVA_INT, 0);
        }
    }

    /** Such as {@code NVIDIA H200}. */
    public String name() {
        return name;
    }

    /** Compute capability times ten: 90 for Hopper. */
    public int capability() {
        return capability;
    }

    /** Whether kernels with Hopper's own instructions are used. */
    boolean hopper() {
        return hopper;
    }

    /** The same GPU, used as one that is older than Hopper would be: for tests of those kernels. */
    Cuda withoutHopper() {
        return new Cuda(driver, compiler, context, device, name, capability, false, multiprocessors);
    }

    public int multiprocessors() {
        return multiprocessors;
    }

    /** Bytes of device memory that are free. */
    public long freeBytes() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment free = arena.allocate(ValueLayout.JAVA_LONG);
            driver.call(driver.memGetInfo, free, arena.allocate(ValueLayout.JAVA_LONG));
            return free.get(ValueLayout.JAVA_LONG, 0);
        }
    }

    /** Bytes of device memory to count with: what is free, less what the driver and other programs may want. */
    public long usableBytes() {
        return freeBytes() / 100 * 92;
    }

    /** Bytes of device memory, free or not. */
    public long totalBytes() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment total = arena.allocate(ValueLayout.JAVA_LONG);
            driver.call(driver.memGetInfo, arena.allocate(ValueLayout.JAVA_LONG), total);
            return total.get(ValueLayout.JAVA_LONG, 0);
        }
    }

    /** Lets the calling thread use this GPU too. */
    void enter() {
        driver.call(driver.contextSetCurrent, context);
    }

    /** What the compiler is told to compile for. */
    String architecture() {
        return capability == 90 ? "sm_90a" : "sm_" + capability;
    }

    @Override
    public void close() {
        driver.call(driver.primaryContextRelease, device);
    }
}
