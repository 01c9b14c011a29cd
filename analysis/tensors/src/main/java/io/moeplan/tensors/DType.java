package io.moeplan.tensors;

import java.util.Arrays;
import java.util.Optional;

/** Element types of the safetensors format; the names are the format's own. */
public enum DType {
    BOOL(1), U8(1), I8(1), F8_E4M3(1), F8_E5M2(1), F8_E8M0(1), I16(2), U16(2), F16(2), BF16(2), I32(4), U32(4), F32(
            4), F64(
                    8), I64(8), U64(8);

    private final int bytes;

    DType(int bytes) {
        this.bytes = bytes;
    }

    /** Bytes of one element. */
    public int bytes() {
        return bytes;
    }

    /** Whether weights of this type are complete without a separate scale. */
    public boolean isPlainFloat() {
        return this == BF16 || this == F16 || this == F32 || this == F64;
    }

    /** Whether an element has a value as float32: the plain float types and the 8-bit ones. */
    public boolean isFloat() {
        return isPlainFloat() || this == F8_E4M3 || this == F8_E5M2 || this == F8_E8M0;
    }

    /** The type of that name, empty if the format (as far as this reader knows) has none. */
    public static Optional<DType> named(String name) {
        return Arrays.stream(values()).filter(type -> type.name().equals(name)).findFirst();
    }
}
