package io.moeplan.engine.cuda.driver;

import io.moeplan.engine.gemm.Precision;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** What a matrix on the device holds, with CUDA's numbers for it. */
public enum NumberType {
    FP32(4, 0, 7, 1), BF16(2, 14, 9, 1), FP16(2, 2, 6, 1f / 64);

    private final int bytes;
    /** {@code cudaDataType}. */
    private final int code;
    /** {@code CUtensorMapDataType}. */
    private final int mapCode;
    private final float mlpScale;

    NumberType(int bytes, int code, int mapCode, float mlpScale) {
        this.bytes = bytes;
        this.code = code;
        this.mapCode = mapCode;
        this.mlpScale = mlpScale;
    }

    /** What activations and unpacked weights are in a precision, where they are not fp8. */
    public static NumberType of(Precision precision) {
        return switch (precision) {
            case FP32 -> FP32;
            case BF16 -> BF16;
            case FP16, FP8 -> FP16;
        };
    }

    /** Bytes of a number. */
    public int bytes() {
        return bytes;
    }

    int code() {
        return code;
    }

    int mapCode() {
        return mapCode;
    }

    /**
     * What an MLP's activations between its products, and its outputs where they wait to be added to the residual stream,
     * are stored times. In trained models a few of them are massive (Sun et al. 2024, arXiv 2402.17762), others never:
     * float16 ends at 65,504, with this at 4.2 million, and every number is still right to 2e-6. A power of two, so that
     * nothing else is lost.
     */
    public float mlpScale() {
        return mlpScale;
    }

    /** The number at an index of memory that holds such numbers, aligned to them. */
    public float get(MemorySegment memory, long index) {
        return switch (this) {
            case FP32 -> memory.getAtIndex(ValueLayout.JAVA_FLOAT, index);
            case BF16 -> Float.intBitsToFloat(memory.getAtIndex(ValueLayout.JAVA_SHORT, index) << 16);
            case FP16 -> Float.float16ToFloat(memory.getAtIndex(ValueLayout.JAVA_SHORT, index));
        };
    }
}
