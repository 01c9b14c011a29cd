package io.moeplan.engine.gemm;

import static io.moeplan.engine.gemm.OneDnnFunctions.failed;
import static io.moeplan.engine.gemm.OneDnnFunctions.require;
import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * A product of matrices of fixed shapes, number types and strides that oneDNN has compiled for this processor
 * ({@link OneDnn#compile}); any number of threads may run it. It is kept as long as the process lives.
 */
final class OneDnnProduct {
    private static final int ARG_SOURCE = 1;
    private static final int ARG_RESULT = 17;
    private static final int ARG_WEIGHTS = 33;
    private static final int ARG_SCRATCHPAD = 80;
    /** The second operand of the second operation that follows a product. */
    private static final int ARG_FACTOR = 32768 * 2 | 2;
    private static final MemoryLayout ARGUMENT = MemoryLayout.structLayout(JAVA_INT, MemoryLayout.paddingLayout(4),
            ADDRESS);

    /**
     * Descriptions of its matrices ({@link OneDnn#describe}).
     *
     * @param factor {@link MemorySegment#NULL} if it has none
     */
    record Operands(MemorySegment source, MemorySegment weights, MemorySegment result, MemorySegment factor) {}

    /** Memory objects of the library and a list of them, for one run at a time. */
    private record Call(MemorySegment arguments, MemorySegment[] memories) {}

    private final OneDnn oneDnn;
    private final OneDnnFunctions c;
    private final MemorySegment primitive;
    private final Operands described;
    private final MemorySegment scratchpad;
    private final long scratchBytes;
    /** What has been made to run it and is not in use now. */
    private final Queue<Call> idle = new ConcurrentLinkedQueue<>();

    /**
     * The product.
     *
     * @param primitive    the library's compiled product
     * @param scratchpad   description of the memory that a run needs for itself
     * @param scratchBytes size of that memory
     */
    OneDnnProduct(OneDnn oneDnn, MemorySegment primitive, Operands described, MemorySegment scratchpad,
            long scratchBytes) {
        this.oneDnn = oneDnn;
        this.c = oneDnn.c;
        this.primitive = primitive;
        this.described = described;
        this.scratchpad = scratchpad;
        this.scratchBytes = scratchBytes;
    }

    /**
     * Computes it in the calling thread. The operands are in native memory, laid out as described.
     *
     * @param factor not looked at if the product has none
     */
    void run(MemorySegment source, MemorySegment weights, MemorySegment result, MemorySegment factor) {
        oneDnn.inOneThread();
        MemorySegment scratch = NativeScratch.ofThread().bytes(NativeScratch.Use.LIBRARY, scratchBytes);
        Call waiting = idle.poll();
        try {
            Call call = waiting == null ? call() : waiting;
            MemorySegment[] memories = call.memories;
            require((int) c.memoryPoint.invokeExact(memories[0], source), "naming memory");
            require((int) c.memoryPoint.invokeExact(memories[1], weights), "naming memory");
            require((int) c.memoryPoint.invokeExact(memories[2], result), "naming memory");
            require((int) c.memoryPoint.invokeExact(memories[3], scratch), "naming memory");
            if (memories.length == 5) {
                require((int) c.memoryPoint.invokeExact(memories[4], factor), "naming memory");
            }
            require((int) c.execute.invokeExact(primitive, oneDnn.stream, memories.length, call.arguments),
                    "multiplying");
            idle.add(call);
        } catch (Throwable e) {
            throw failed(e);
        } finally {
            // the library knows their addresses only
            Reference.reachabilityFence(source);
            Reference.reachabilityFence(weights);
            Reference.reachabilityFence(result);
            Reference.reachabilityFence(scratch);
            Reference.reachabilityFence(factor);
        }
    }

    private Call call() throws Throwable {
        boolean gated = described.factor.address() != 0;
        MemorySegment[] memories = new MemorySegment[gated ? 5 : 4];
        MemorySegment arguments = Arena.ofAuto().allocate(ARGUMENT, memories.length);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment place = arena.allocate(ADDRESS);
            memories[0] = argument(arguments, 0, ARG_SOURCE, described.source, place);
            memories[1] = argument(arguments, 1, ARG_WEIGHTS, described.weights, place);
            memories[2] = argument(arguments, 2, ARG_RESULT, described.result, place);
            memories[3] = argument(arguments, 3, ARG_SCRATCHPAD, scratchpad, place);
            if (gated) {
                memories[4] = argument(arguments, 4, ARG_FACTOR, described.factor, place);
            }
        }
        return new Call(arguments, memories);
    }

    private MemorySegment argument(MemorySegment arguments, int index, int role, MemorySegment description,
            MemorySegment place) throws Throwable {
        require((int) c.memoryCreate.invokeExact(place, description, oneDnn.engine, MemorySegment.NULL),
                "making memory");
        MemorySegment memory = place.get(ADDRESS, 0);
        long at = index * ARGUMENT.byteSize();
        arguments.set(JAVA_INT, at, role);
        arguments.set(ADDRESS, at + 8, memory);
        return memory;
    }
}
