package io.moeplan.engine.cpu;

import io.moeplan.engine.gemm.Gemm;
import io.moeplan.engine.gemm.Gemms;
import io.moeplan.engine.gemm.Precision;
import java.util.Optional;

/**
 * How matrix products are computed. Attention is a small part of them, and which experts a token goes to depends on it at
 * once, while what its experts give it is a small part of its residual; so only the experts' products are rounded.
 *
 * @param fast  the products of experts and dense feed-forward blocks
 * @param exact all others, in float32 or about as precisely
 */
public record Arithmetic(Gemm fast, Gemm exact) {
    /** The fastest that this machine has. */
    public static Arithmetic fastest() {
        return with(Gemms.best(Precision.BF16));
    }

    /** The fastest in float32. */
    public static Arithmetic float32() {
        return new Arithmetic(Gemms.best(Precision.FP32), Gemms.best(Precision.FP32));
    }

    /** Experts' products by this one. */
    public static Arithmetic with(Gemm fast) {
        return fast.precision() == Precision.FP32
                ? new Arithmetic(fast, Gemms.best(Precision.FP32))
                : new Arithmetic(fast, Gemms.besideBf16());
    }

    /**
     * What was asked for.
     *
     * @param precision empty for the fastest
     * @throws IllegalArgumentException if this machine, or any CPU, does not have it
     */
    public static Arithmetic of(Optional<Precision> precision) {
        if (precision.isEmpty()) {
            return fastest();
        }
        if (precision.get().needsGpu()) {
            throw new IllegalArgumentException("--precision " + precision.get().label()
                    + " needs a GPU; on the CPU use --precision auto, bf16 or fp32");
        }
        Gemm fast = Gemms.all().stream().filter(gemm -> gemm.precision() == precision.get()).findFirst()
                .orElseThrow(() -> new IllegalArgumentException("this machine does not compute in "
                        + precision.get().label() + " (" + String.join("; ", Gemms.missing())
                        + "); use --precision auto"));
        return with(fast);
    }

    /** {@code fp32} or {@code bf16}. */
    public String precision() {
        return fast.precision().label();
    }

    /** What computes them. */
    public String how() {
        return fast.name();
    }

    /** Why that and nothing faster. */
    public String why() {
        return fast.reason();
    }
}
