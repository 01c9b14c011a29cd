package io.moeplan.engine.gemm;

/** What products are computed in. */
public enum Precision {
    /** Activations and weights as float32: the exact one. */
    FP32,
    /** Activations and weights rounded to bfloat16, their products added up in float32. */
    BF16
}
