package io.moeplan.engine.cpu;

/**
 * How matrix products are computed on this machine.
 *
 * @param precision {@code fp32}
 * @param how       what computes them
 * @param why       why that and nothing faster
 */
public record Arithmetic(String precision, String how, String why) {
    /** What {@link CpuBackend} uses here. */
    public static Arithmetic used() {
        return new Arithmetic("fp32", "plain Java, vectorised by the JIT", "this build has no other");
    }
}
