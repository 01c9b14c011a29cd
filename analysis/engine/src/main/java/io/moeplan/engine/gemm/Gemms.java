package io.moeplan.engine.gemm;

import java.util.List;

/**
 * The implementations of {@link Gemm} that this machine has. The system property {@code moeplan.gemm} ({@code onednn},
 * {@code vector}, {@code plain}) chooses one; it is read once.
 */
public final class Gemms {
    private static final class Machine {
        static final Ladder LADDER = Ladder.of(System.getProperty("moeplan.gemm", ""));
    }

    private Gemms() {}

    /**
     * The fastest one that computes at least this precisely: where bfloat16 is no faster than float32, the best for
     * {@link Precision#BF16} is the best for {@link Precision#FP32}, as its {@link Gemm#precision} and
     * {@link Gemm#reason} say.
     */
    public static Gemm best(Precision precision) {
        return Machine.LADDER.best(precision);
    }

    /**
     * What computes products that are not to be rounded where others are: in float32, or about as precisely where float32 is
     * many times as slow as bfloat16 (AMX).
     */
    public static Gemm besideBf16() {
        return Machine.LADDER.besideBf16();
    }

    /** All of them, the one to use first. */
    public static List<Gemm> all() {
        return Machine.LADDER.all();
    }

    /** A line for each one that is not there or not worth using: which, and what it lacks. */
    public static List<String> missing() {
        return Machine.LADDER.missing();
    }
}
