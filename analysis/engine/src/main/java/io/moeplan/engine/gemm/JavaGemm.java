package io.moeplan.engine.gemm;

/** What products computed by Java have in common: float32 in and out, any number of rows. */
abstract class JavaGemm implements Gemm {
    private final String reason;

    JavaGemm(String reason) {
        this.reason = reason;
    }

    @Override
    public final String reason() {
        return reason;
    }

    @Override
    public final Precision precision() {
        return Precision.FP32;
    }

    @Override
    public final Element input() {
        return Element.F32;
    }

    @Override
    public final int room(int rows) {
        return rows;
    }
}
