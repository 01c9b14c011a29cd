package io.moeplan.engine.cuda.driver;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Arrays;
import java.util.function.IntFunction;
import java.util.stream.Collectors;

/** Makes callable functions out of a library's symbols; all of them return a status, 0 for success. */
final class Functions {
    /** A C {@code int}, {@code unsigned} or enumeration. */
    static final MemoryLayout INT = ValueLayout.JAVA_INT;
    /** A {@code size_t}, a device pointer, a 64-bit integer. */
    static final MemoryLayout LONG = ValueLayout.JAVA_LONG;
    static final MemoryLayout POINTER = ValueLayout.ADDRESS;

    private final String origin;
    private final SymbolLookup symbols;

    Functions(String origin, SymbolLookup symbols) {
        this.origin = origin;
        this.symbols = symbols;
    }

    /** A function with its name, for messages. */
    record Function(String name, MethodHandle handle) {
        /** Calls it and gives back its status. */
        int call(Object... arguments) {
            try {
                return (int) handle.invokeWithArguments(arguments);
            } catch (RuntimeException | Error e) {
                throw e;
            } catch (Throwable e) {
                throw new IllegalStateException(name, e);
            }
        }

        String describe(Object... arguments) {
            return name + Arrays.stream(arguments).map(Function::text).collect(Collectors.joining(", ", "(", ")"));
        }

        private static String text(Object argument) {
            return argument instanceof MemorySegment pointer
                    ? "0x" + Long.toHexString(pointer.address())
                    : String.valueOf(argument);
        }
    }

    /**
     * The function of that name.
     *
     * @throws Unavailable if the library does not have it: it is too old
     */
    @SuppressWarnings("restricted") // calling native code is what this class is for
    Function find(String name, MemoryLayout... arguments) throws Unavailable {
        MemorySegment symbol = symbols.find(name)
                .orElseThrow(() -> new Unavailable(origin + " has no " + name + ": it is too old"));
        return new Function(name,
                Linker.nativeLinker().downcallHandle(symbol, FunctionDescriptor.of(ValueLayout.JAVA_INT, arguments)));
    }

    /**
     * The function of that name, which gives the C string that names a status.
     *
     * @throws Unavailable if the library does not have it: it is too old
     */
    @SuppressWarnings("restricted") // the library gives a C string without its length
    IntFunction<String> findNames(String name) throws Unavailable {
        MemorySegment symbol = symbols.find(name)
                .orElseThrow(() -> new Unavailable(origin + " has no " + name + ": it is too old"));
        MethodHandle handle = Linker.nativeLinker().downcallHandle(symbol,
                FunctionDescriptor.of(ValueLayout.ADDRESS, ValueLayout.JAVA_INT));
        return status -> {
            try {
                return ((MemorySegment) handle.invokeExact(status)).reinterpret(1024).getString(0);
            } catch (RuntimeException | Error e) {
                throw e;
            } catch (Throwable e) {
                throw new IllegalStateException(name, e);
            }
        };
    }
}
