package io.moeplan.engine.gemm;

import java.util.Locale;

/** What products are computed in. */
public enum Precision {
    /** Activations and weights as float32: the exact one. */
    FP32,
    /** Activations and weights rounded to bfloat16, their products added up in float32. */
    BF16,
    /**
     * The same with float16, on GPUs only: rounding errors are an eighth of bfloat16's, and no number may be larger than
     * 65,504.
     */
    FP16,
    /**
     * As {@link #FP16}, but experts that are stored in fp8 are multiplied in fp8, activations rounded to it in blocks; on
     * GPUs that can only.
     */
    FP8;

    /** As users write it. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Whether no CPU computes in it. */
    public boolean needsGpu() {
        return this == FP16 || this == FP8;
    }
}
