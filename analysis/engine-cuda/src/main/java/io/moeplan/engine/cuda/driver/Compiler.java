package io.moeplan.engine.cuda.driver;

import static io.moeplan.engine.cuda.driver.Functions.INT;
import static io.moeplan.engine.cuda.driver.Functions.POINTER;

import io.moeplan.engine.cuda.driver.Functions.Function;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** NVRTC: CUDA C++ to machine code for one kind of GPU. */
final class Compiler {
    private final Function version;
    private final Function createProgram;
    private final Function compileProgram;
    private final Function destroyProgram;
    private final Function getBinarySize;
    private final Function getBinary;
    private final Function getLogSize;
    private final Function getLog;

    private Compiler(Functions f) throws Unavailable {
        version = f.find("nvrtcVersion", POINTER, POINTER);
        createProgram = f.find("nvrtcCreateProgram", POINTER, POINTER, POINTER, INT, POINTER, POINTER);
        compileProgram = f.find("nvrtcCompileProgram", POINTER, INT, POINTER);
        destroyProgram = f.find("nvrtcDestroyProgram", POINTER);
        getBinarySize = f.find("nvrtcGetCUBINSize", POINTER, POINTER);
        getBinary = f.find("nvrtcGetCUBIN", POINTER, POINTER);
        getLogSize = f.find("nvrtcGetProgramLogSize", POINTER, POINTER);
        getLog = f.find("nvrtcGetProgramLog", POINTER, POINTER);
    }

    /** @throws Unavailable if there is no NVRTC or it is too old */
    static Compiler load(LibraryFinder finder) throws Unavailable {
        return new Compiler(new Functions("NVRTC", finder.load("nvrtc")));
    }

    /** Such as {@code 13.0}. */
    String version() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment major = arena.allocate(ValueLayout.JAVA_INT);
            MemorySegment minor = arena.allocate(ValueLayout.JAVA_INT);
            require(version, version.call(major, minor));
            return major.get(ValueLayout.JAVA_INT, 0) + "." + minor.get(ValueLayout.JAVA_INT, 0);
        }
    }

    /**
     * Compiles one source.
     *
     * @param name    for messages
     * @param options such as {@code -arch=sm_90a}
     * @return the machine code and what the compiler said
     * @throws CudaException if it does not compile; the message holds the compiler's
     */
    Compiled compile(String name, String source, List<String> options) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(ValueLayout.ADDRESS);
            require(createProgram, createProgram.call(out, arena.allocateFrom(source), arena.allocateFrom(name), 0,
                    MemorySegment.NULL, MemorySegment.NULL));
            MemorySegment program = out.get(ValueLayout.ADDRESS, 0);
            try {
                MemorySegment list = arena.allocate(ValueLayout.ADDRESS, options.size());
                for (int i = 0; i < options.size(); i++) {
                    list.setAtIndex(ValueLayout.ADDRESS, i, arena.allocateFrom(options.get(i)));
                }
                int status = compileProgram.call(program, options.size(), list);
                String log = new String(bytes(arena, program, getLogSize, getLog), StandardCharsets.UTF_8)
                        .replace("\0", "").strip();
                if (status != 0) {
                    throw new CudaException(name + " does not compile with " + options + ": " + log);
                }
                return new Compiled(bytes(arena, program, getBinarySize, getBinary), log);
            } finally {
                destroyProgram.call(out);
            }
        }
    }

    /** Machine code, and the compiler's remarks (resource use with {@code --ptxas-options=-v}). */
    record Compiled(byte[] binary, String log) {}

    private static byte[] bytes(Arena arena, MemorySegment program, Function size, Function get) {
        MemorySegment count = arena.allocate(ValueLayout.JAVA_LONG);
        require(size, size.call(program, count));
        MemorySegment bytes = arena.allocate(Math.max(1, count.get(ValueLayout.JAVA_LONG, 0)));
        require(get, get.call(program, bytes));
        return bytes.toArray(ValueLayout.JAVA_BYTE);
    }

    private static void require(Function function, int status) {
        if (status != 0) {
            throw new CudaException(function.name() + " failed with NVRTC status " + status);
        }
    }
}
