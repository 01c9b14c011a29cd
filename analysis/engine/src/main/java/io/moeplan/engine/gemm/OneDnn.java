package io.moeplan.engine.gemm;

import static io.moeplan.engine.gemm.OneDnnFunctions.failed;
import static io.moeplan.engine.gemm.OneDnnFunctions.require;
import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/**
 * The library oneDNN by its C interface, without any glue of its own: loads it, says what it can, and compiles products. It
 * is the OpenMP build out of the jar of {@code org.bytedeco:dnnl}; every calling thread tells OpenMP to use one thread.
 *
 * @see <a href="https://uxlfoundation.github.io/oneDNN/dev_guide_matmul.html">oneDNN: matmul</a>
 */
final class OneDnn {
    /** Number types, {@code dnnl_data_type_t}. */
    enum Type {
        F16(1, 2), BF16(2, 2), F32(3, 4);

        private final int code;
        private final int bytes;

        Type(int code, int bytes) {
            this.code = code;
            this.bytes = bytes;
        }

        int bytes() {
            return bytes;
        }
    }

    /** What became of loading it: the library, or why there is none. */
    record Loading(OneDnn oneDnn, String problem) {}

    private static final String FOLDER = "org/bytedeco/dnnl/linux-x86_64/";
    private static final String OPENMP = "libgomp.so.1";
    private static final String LIBRARY = "libdnnl.so.3";
    private static final int CPU = 1;
    private static final int IN_ORDER = 1;
    private static final int SCRATCHPAD_OF_USER = 1;
    private static final int QUERY_IMPLEMENTATION = 8;
    private static final int QUERY_SCRATCHPAD = 136;
    private static final int SWISH = 0x2c;
    private static final int BINARY_MULTIPLY = 0x1fff1;
    private static final int AMX = 0xfef;
    private static final int AVX512_BF16 = 0xe7;
    private static final int MAX_DIMENSIONS = 12;
    private static final long LONGEST_NAME = 256;

    final OneDnnFunctions c;
    final MemorySegment engine;
    final MemorySegment stream;
    private final int isa;
    /** Of each thread: done once it uses no other threads. */
    private final ThreadLocal<Boolean> oneThread = ThreadLocal.withInitial(this::useOneThread);

    private OneDnn(OneDnnFunctions functions) throws Throwable {
        c = functions;
        isa = (int) c.instructionSet.invokeExact();
        c.setThreads.invokeExact(1);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment place = arena.allocate(ADDRESS);
            require((int) c.engineCreate.invokeExact(place, CPU, 0L), "making an engine");
            engine = place.get(ADDRESS, 0);
            require((int) c.streamCreate.invokeExact(place, engine, IN_ORDER), "making a stream");
            stream = place.get(ADDRESS, 0);
        }
    }

    /** Loads the library; whatever is in the way is the answer, nothing is thrown. */
    @SuppressWarnings("restricted")
    static Loading load() {
        String os = System.getProperty("os.name", "") + " on " + System.getProperty("os.arch", "");
        if (!os.equalsIgnoreCase("linux on amd64")) {
            return new Loading(null, "comes for Linux on amd64, this is " + os);
        }
        try {
            Path directory = NativeFiles.unpack(FOLDER, List.of(OPENMP, LIBRARY));
            // first OpenMP: the other one then finds it loaded
            SymbolLookup openmp = SymbolLookup.libraryLookup(directory.resolve(OPENMP), Arena.global());
            SymbolLookup dnnl = SymbolLookup.libraryLookup(directory.resolve(LIBRARY), Arena.global());
            return new Loading(new OneDnn(new OneDnnFunctions(openmp, dnnl)), null);
        } catch (IOException e) {
            return new Loading(null, oneLine(e));
        } catch (Throwable e) {
            return new Loading(null, "its library cannot be loaded: " + oneLine(e));
        }
    }

    private static String oneLine(Throwable problem) {
        String text = problem.getMessage() == null ? problem.getClass().getSimpleName() : problem.getMessage();
        return text.lines().findFirst().orElse("").strip();
    }

    /** Whether it multiplies bfloat16 with AMX. */
    boolean hasAmx() {
        return (isa & AMX) == AMX;
    }

    /** Whether the processor has any instructions for bfloat16. */
    boolean hasBf16() {
        return (isa & AVX512_BF16) == AVX512_BF16;
    }

    /** The instruction set it uses, as oneDNN calls it. */
    String instructions() {
        if (hasAmx()) {
            return "AMX";
        }
        if (hasBf16()) {
            return "AVX-512 bf16";
        }
        return (isa & 0x27) == 0x27 ? "AVX-512" : (isa & 0x7) == 0x7 ? "AVX2" : String.format(Locale.ROOT, "%#x", isa);
    }

    /** From now on the calling thread's calls use no other threads. */
    void inOneThread() {
        oneThread.get();
    }

    private boolean useOneThread() {
        try {
            c.setThreads.invokeExact(1);
            return true;
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    /** A matrix in memory: shape, number type, strides in elements; to be freed with {@link #free}. */
    MemorySegment describe(long rows, long columns, Type type, long rowStride, long columnStride) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment place = arena.allocate(ADDRESS);
            MemorySegment shape = arena.allocate(JAVA_LONG, MAX_DIMENSIONS);
            MemorySegment strides = arena.allocate(JAVA_LONG, MAX_DIMENSIONS);
            shape.setAtIndex(JAVA_LONG, 0, rows);
            shape.setAtIndex(JAVA_LONG, 1, columns);
            strides.setAtIndex(JAVA_LONG, 0, rowStride);
            strides.setAtIndex(JAVA_LONG, 1, columnStride);
            require((int) c.memoryDescCreate.invokeExact(place, 2, shape, type.code, strides), "describing a matrix");
            return place.get(ADDRESS, 0);
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    void free(MemorySegment description) {
        try {
            require((int) c.memoryDescDestroy.invokeExact(description), "freeing a description");
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    /**
     * A compiled product of matrices of these descriptions, or null if this library has none for them that is fast.
     *
     * @param factor what {@code silu} of the product is multiplied with, {@link MemorySegment#NULL} for the product itself
     * @param adds   whether the product is added to what the result's memory holds
     */
    OneDnnProduct compile(MemorySegment source, MemorySegment weights, MemorySegment result, MemorySegment factor,
            boolean adds) {
        inOneThread();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment place = arena.allocate(ADDRESS);
            require((int) c.attrCreate.invokeExact(place), "making attributes");
            MemorySegment attributes = place.get(ADDRESS, 0);
            require((int) c.attrScratchpad.invokeExact(attributes, SCRATCHPAD_OF_USER), "setting the scratchpad");
            if (factor.address() != 0 || adds) {
                setOperations(attributes, factor, adds, place);
            }
            int status = (int) c.matmulDescCreate.invokeExact(place, engine, source, weights, MemorySegment.NULL,
                    result, attributes);
            require((int) c.attrDestroy.invokeExact(attributes), "freeing attributes");
            if (status != 0) {
                return null;
            }
            MemorySegment description = place.get(ADDRESS, 0);
            require((int) c.query.invokeExact(description, QUERY_IMPLEMENTATION, 0, place), "asking for its name");
            if (name(place.get(ADDRESS, 0)).startsWith("ref")) {
                require((int) c.primitiveDescDestroy.invokeExact(description), "freeing a product");
                return null;
            }
            // lives as long as the description, which is kept
            MemorySegment scratchpad = (MemorySegment) c.queryMemoryDesc.invokeExact(description, QUERY_SCRATCHPAD, 0);
            long scratchBytes = (long) c.memoryDescSize.invokeExact(scratchpad);
            require((int) c.primitiveCreate.invokeExact(place, description), "compiling a product");
            return new OneDnnProduct(this, place.get(ADDRESS, 0),
                    new OneDnnProduct.Operands(source, weights, result, factor), scratchpad, scratchBytes);
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    private void setOperations(MemorySegment attributes, MemorySegment factor, boolean adds, MemorySegment place)
            throws Throwable {
        require((int) c.postOpsCreate.invokeExact(place), "making operations");
        MemorySegment operations = place.get(ADDRESS, 0);
        if (adds) {
            require((int) c.postOpsSum.invokeExact(operations, 1f, 0, Type.F32.code), "appending a sum");
        }
        if (factor.address() != 0) {
            require((int) c.postOpsEltwise.invokeExact(operations, SWISH, 1f, 0f), "appending silu");
            require((int) c.postOpsBinary.invokeExact(operations, BINARY_MULTIPLY, factor), "appending a factor");
        }
        require((int) c.attrPostOps.invokeExact(attributes, operations), "setting operations");
        require((int) c.postOpsDestroy.invokeExact(operations), "freeing operations");
    }

    @SuppressWarnings("restricted")
    private static String name(MemorySegment text) {
        return text.reinterpret(LONGEST_NAME).getString(0);
    }
}
