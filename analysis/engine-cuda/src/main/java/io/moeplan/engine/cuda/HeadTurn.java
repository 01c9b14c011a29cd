package io.moeplan.engine.cuda;

import io.moeplan.engine.model.Attention;
import io.moeplan.engine.model.Rope;

/** What queries and keys pass between their projection and the scores ({@code heads.cu}). */
final class HeadTurn {
    private static final int WARPS = 4;

    private final Launcher launcher;
    private final Rotaries rotaries;

    HeadTurn(Launcher launcher, Rotaries rotaries) {
        this.launcher = launcher;
        this.rotaries = rotaries;
    }

    /**
     * Heads of some tokens, changed in place.
     *
     * @param headStride from head to head, in elements
     */
    record Heads(long address, long stride, int headStride, int heads, int dim) {}

    /**
     * The steps, in order.
     *
     * @param before      weight of a norm of each head, 0 for none
     * @param after       the same after the rotation
     * @param unit        whether a norm without weight comes after the rotation
     * @param rope        null for none
     * @param at          first rotated element of a head
     * @param temperature of queries; {@link Attention.Temperature#NONE} otherwise
     */
    record Steps(long before, long after, boolean unit, double epsilon, double clip, Rope rope, int at,
            Attention.Temperature temperature) {
        static Steps rotation(Rope rope, int at) {
            return new Steps(0, 0, false, 0, Double.POSITIVE_INFINITY, rope, at, Attention.Temperature.NONE);
        }

        static Steps clipping(double limit) {
            return new Steps(0, 0, false, 0, limit, null, 0, Attention.Temperature.NONE);
        }
    }

    void turn(Heads heads, Steps steps, int tokens, long positions) {
        Rope rope = steps.rope();
        long items = (long) tokens * heads.heads();
        launcher.grid(launcher.kernel("heads", "heads"), Math.toIntExact(Math.ceilDiv(items, WARPS)), 1, 32 * WARPS,
                4 * WARPS * heads.dim(), heads.address(), heads.stride(), heads.headStride(), heads.heads(),
                heads.dim(), tokens, steps.before(), steps.after(), steps.unit() ? 1 : 0, (float) steps.epsilon(),
                (float) steps.clip(), rope == null ? 0L : rotaries.table(rope),
                rope == null ? 0 : rope.frequencies().length, steps.at(), rope != null && rope.interleaved() ? 1 : 0,
                positions, (float) steps.temperature().scale(), (float) steps.temperature().floor());
    }
}
