package io.moeplan.engine.cuda.driver;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The kernels of one GPU for one type of activations, compiled when they are first asked for and kept by source and options. */
public final class Kernels implements AutoCloseable {
    private static final KernelCache CACHE = new KernelCache(System.getenv());
    /** Where the sources are: beside the operations that are made of them. */
    private static final String FOLDER = "/io/moeplan/engine/cuda/kernels/";
    private static final Pattern INCLUDE = Pattern.compile("(?m)^#include \"([^\"]+)\"$");

    private final Cuda cuda;
    private final NumberType type;
    private final Map<Key, MemorySegment> modules = new HashMap<>();

    private record Key(String source, List<String> options) {}

    /** @param type of activations and unpacked weights */
    public Kernels(Cuda cuda, NumberType type) {
        this.cuda = cuda;
        this.type = type;
    }

    /** Of activations and unpacked weights. */
    public NumberType type() {
        return type;
    }

    /**
     * A kernel.
     *
     * @param source  the resource {@code SOURCE.cu} in {@value #FOLDER}
     * @param name    the {@code extern "C"} function in it
     * @param defines such as {@code TILE=128}
     * @throws IllegalArgumentException if there is no such source
     * @throws CudaException            if it does not compile or load, or has no such function
     */
    public Kernel get(String source, String name, String... defines) {
        List<String> options = options(cuda.architecture(), type, defines);
        MemorySegment module = modules.computeIfAbsent(new Key(source, options), key -> load(source, options));
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(ValueLayout.ADDRESS);
            cuda.driver.call(cuda.driver.moduleGetFunction, out, module, arena.allocateFrom(name));
            return new Kernel(cuda, name, out.get(ValueLayout.ADDRESS, 0));
        }
    }

    static List<String> options(String architecture, NumberType type, String... defines) {
        List<String> options = new ArrayList<>(List.of("-arch=" + architecture, "-std=c++17", "-default-device",
                "-DNUMBERS=" + type, "-DMLP_SCALE=" + type.mlpScale() + "f"));
        for (String define : defines) {
            options.add("-D" + define);
        }
        return List.copyOf(options);
    }

    private MemorySegment load(String source, List<String> options) {
        byte[] binary = CACHE.get(cuda.compiler, source, text(source), options);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(ValueLayout.ADDRESS);
            cuda.driver.call(cuda.driver.moduleLoadData, out, arena.allocateFrom(ValueLayout.JAVA_BYTE, binary));
            return out.get(ValueLayout.ADDRESS, 0);
        }
    }

    /** The source of that name, with what it includes in its place. */
    static String text(String source) {
        return included(source + ".cu");
    }

    private static String included(String name) {
        return INCLUDE.matcher(resource(name))
                .replaceAll(include -> Matcher.quoteReplacement(included(include.group(1))));
    }

    private static String resource(String name) {
        try (InputStream stream = Kernels.class.getResourceAsStream(FOLDER + name)) {
            if (stream == null) {
                throw new IllegalArgumentException("no kernel source " + name);
            }
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        modules.values().forEach(module -> cuda.driver.call(cuda.driver.moduleUnload, module));
        modules.clear();
    }
}
