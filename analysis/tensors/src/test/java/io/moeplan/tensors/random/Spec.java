package io.moeplan.tensors.random;

import io.moeplan.tensors.DType;
import java.util.Arrays;

/**
 * A tensor to write.
 *
 * @param scale standard deviation of the weights it holds or scales; of no meaning for ones
 */
record Spec(String name, DType type, Fill fill, double scale, long... shape) {
    /** What it is filled with. */
    enum Fill {
        /** Normal values. */
        NORMAL,
        /** Ones. */
        ONES,
        /** Float32 scales of fp8 codes. */
        FP8_SCALES,
        /** Pairs of E2M1 codes. */
        E2M1_PAIRS,
        /** E8M0 scales of E2M1 codes. */
        MXFP4_SCALES
    }

    long bytes() {
        return Arrays.stream(shape).reduce(type.bytes(), Math::multiplyExact);
    }
}
