package io.moeplan.engine.gemm;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;

/** The functions of oneDNN's C interface that {@link OneDnn} calls, with its names shortened; most return a status, 0 for success. */
final class OneDnnFunctions {
    final MethodHandle setThreads;
    final MethodHandle memoryDescCreate;
    final MethodHandle memoryDescDestroy;
    final MethodHandle memoryDescSize;
    final MethodHandle attrCreate;
    final MethodHandle attrDestroy;
    final MethodHandle attrScratchpad;
    final MethodHandle attrPostOps;
    final MethodHandle postOpsCreate;
    final MethodHandle postOpsDestroy;
    final MethodHandle postOpsEltwise;
    final MethodHandle postOpsBinary;
    final MethodHandle postOpsSum;
    final MethodHandle matmulDescCreate;
    final MethodHandle primitiveDescDestroy;
    final MethodHandle query;
    final MethodHandle queryMemoryDesc;
    final MethodHandle primitiveCreate;
    final MethodHandle memoryCreate;
    final MethodHandle memoryPoint;
    final MethodHandle execute;
    final MethodHandle instructionSet;
    final MethodHandle engineCreate;
    final MethodHandle streamCreate;

    /** @throws java.util.NoSuchElementException if a library lacks one of them */
    OneDnnFunctions(SymbolLookup openmp, SymbolLookup dnnl) {
        setThreads = link(openmp, "omp_set_num_threads", FunctionDescriptor.ofVoid(JAVA_INT));
        memoryDescCreate = link(dnnl, "dnnl_memory_desc_create_with_strides",
                FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT, ADDRESS, JAVA_INT, ADDRESS));
        memoryDescDestroy = link(dnnl, "dnnl_memory_desc_destroy", FunctionDescriptor.of(JAVA_INT, ADDRESS));
        memoryDescSize = link(dnnl, "dnnl_memory_desc_get_size", FunctionDescriptor.of(JAVA_LONG, ADDRESS));
        attrCreate = link(dnnl, "dnnl_primitive_attr_create", FunctionDescriptor.of(JAVA_INT, ADDRESS));
        attrDestroy = link(dnnl, "dnnl_primitive_attr_destroy", FunctionDescriptor.of(JAVA_INT, ADDRESS));
        attrScratchpad = link(dnnl, "dnnl_primitive_attr_set_scratchpad_mode",
                FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT));
        attrPostOps = link(dnnl, "dnnl_primitive_attr_set_post_ops", FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS));
        postOpsCreate = link(dnnl, "dnnl_post_ops_create", FunctionDescriptor.of(JAVA_INT, ADDRESS));
        postOpsDestroy = link(dnnl, "dnnl_post_ops_destroy", FunctionDescriptor.of(JAVA_INT, ADDRESS));
        postOpsEltwise = link(dnnl, "dnnl_post_ops_append_eltwise",
                FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT, JAVA_FLOAT, JAVA_FLOAT));
        postOpsSum = link(dnnl, "dnnl_post_ops_append_sum",
                FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_FLOAT, JAVA_INT, JAVA_INT));
        postOpsBinary = link(dnnl, "dnnl_post_ops_append_binary",
                FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT, ADDRESS));
        matmulDescCreate = link(dnnl, "dnnl_matmul_primitive_desc_create",
                FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS, ADDRESS, ADDRESS, ADDRESS, ADDRESS, ADDRESS));
        primitiveDescDestroy = link(dnnl, "dnnl_primitive_desc_destroy", FunctionDescriptor.of(JAVA_INT, ADDRESS));
        query = link(dnnl, "dnnl_primitive_desc_query",
                FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT, ADDRESS));
        queryMemoryDesc = link(dnnl, "dnnl_primitive_desc_query_md",
                FunctionDescriptor.of(ADDRESS, ADDRESS, JAVA_INT, JAVA_INT));
        primitiveCreate = link(dnnl, "dnnl_primitive_create", FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS));
        memoryCreate = link(dnnl, "dnnl_memory_create",
                FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS, ADDRESS, ADDRESS));
        memoryPoint = link(dnnl, "dnnl_memory_set_data_handle", FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS));
        execute = link(dnnl, "dnnl_primitive_execute",
                FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS, JAVA_INT, ADDRESS));
        instructionSet = link(dnnl, "dnnl_get_effective_cpu_isa", FunctionDescriptor.of(JAVA_INT));
        engineCreate = link(dnnl, "dnnl_engine_create", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT, JAVA_LONG));
        streamCreate = link(dnnl, "dnnl_stream_create", FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS, JAVA_INT));
    }

    // restricted: native code can break anything; that is what this class is for
    @SuppressWarnings("restricted")
    private static MethodHandle link(SymbolLookup library, String name, FunctionDescriptor descriptor) {
        return Linker.nativeLinker().downcallHandle(library.findOrThrow(name), descriptor);
    }

    /** @throws IllegalStateException unless a call to do this returned success */
    static void require(int status, String what) {
        if (status != 0) {
            throw new IllegalStateException("oneDNN failed in " + what + " (status " + status + ")");
        }
    }

    /** What to throw for what a call threw; nothing but errors and unchecked exceptions is to be expected. */
    static RuntimeException failed(Throwable problem) {
        return switch (problem) {
            case RuntimeException e -> e;
            case Error e -> throw e;
            default -> new IllegalStateException(problem);
        };
    }
}
