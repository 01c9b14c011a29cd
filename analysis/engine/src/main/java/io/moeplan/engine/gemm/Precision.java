package io.moeplan.engine.gemm;

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
    FP16
}
