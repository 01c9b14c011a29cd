package io.moeplan.engine.gemm;

/** Number types of activations in memory, in the machine's byte order. */
public enum Element {
    F32(4), BF16(2);

    private final int bytes;

    Element(int bytes) {
        this.bytes = bytes;
    }

    /** Bytes of one number. */
    public int bytes() {
        return bytes;
    }
}
