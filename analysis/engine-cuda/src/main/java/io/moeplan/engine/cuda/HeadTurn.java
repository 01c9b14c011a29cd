package io.moeplan.engine.cuda;

import io.moeplan.engine.cuda.driver.Launcher;
import io.moeplan.engine.cuda.kernels.FastKernels;
import io.moeplan.engine.cuda.kernels.HeadRope;
import io.moeplan.engine.model.Attention;
import io.moeplan.engine.model.Rope;
import java.util.Optional;

/** What queries and keys pass between their projection and the scores ({@code heads.cu}). */
final class HeadTurn {
    private static final int WARPS = 4;

    private final Launcher launcher;
    private final Rotaries rotaries;
    private final FastKernels fast;

    HeadTurn(Launcher launcher, Rotaries rotaries, FastKernels fast) {
        this.launcher = launcher;
        this.rotaries = rotaries;
        this.fast = fast;
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

    /**
     * Queues what queries and keys pass, by a kernel made for these heads.
     *
     * @return whether there is one; if not, nothing is queued
     */
    boolean turnFast(Attention.GroupedQuery a, Heads queries, Heads keys, long queryNorm, long keyNorm, double epsilon,
            Tokens tokens) {
        boolean plain = a.clip() == Double.POSITIVE_INFINITY && a.temperature().equals(Attention.Temperature.NONE);
        boolean perHead = a.headNorm() == Attention.HeadNorm.PER_HEAD;
        boolean before = perHead || a.headNorm() == Attention.HeadNorm.NONE
                || a.headNorm() == Attention.HeadNorm.WHOLE;
        Optional<HeadRope> kernel = plain && before && a.rope().isPresent()
                ? fast.headRope(a.headDim(), a.rotaryDim(), a.rope().get().interleaved(), perHead)
                : Optional.empty();
        if (kernel.isEmpty()) {
            return false;
        }
        long turns = rotaries.table(a.rope().get());
        HeadRope.Norms norms = new HeadRope.Norms(queryNorm, keyNorm, (float) epsilon);
        int count = tokens.count();
        if (queries.headStride() == keys.headStride()) {
            kernel.get().apply(launcher.stream(), new HeadRope.Heads(queries.address(), queries.stride(),
                    queries.headStride(), count, queries.heads() + keys.heads(), queries.heads()), norms, turns,
                    tokens.positions());
        } else {
            kernel.get().apply(launcher.stream(), new HeadRope.Heads(queries.address(), queries.stride(),
                    queries.headStride(), count, queries.heads(), queries.heads()), norms, turns, tokens.positions());
            kernel.get().apply(launcher.stream(), new HeadRope.Heads(keys.address(), keys.stride(), keys.headStride(),
                    count, keys.heads(), 0), norms, turns, tokens.positions());
        }
        return true;
    }

    /** Rotates the elements of each head from {@code at} on, which are the last ones. */
    void rotateLast(Heads heads, Rope rope, int at, Tokens tokens) {
        int rotary = heads.dim() - at;
        Optional<HeadRope> kernel = rotary == 2 * rope.frequencies().length
                ? fast.headRope(rotary, rotary, rope.interleaved(), false)
                : Optional.empty();
        if (kernel.isPresent()) {
            kernel.get().apply(launcher.stream(), new HeadRope.Heads(heads.address() + (long) at * launcher.bytes(),
                    heads.stride(), heads.headStride(), tokens.count(), heads.heads(), heads.heads()),
                    HeadRope.Norms.NONE, rotaries.table(rope), tokens.positions());
        } else {
            turn(heads, Steps.rotation(rope, at), tokens.count(), tokens.positions());
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
