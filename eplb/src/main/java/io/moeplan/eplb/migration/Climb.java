package io.moeplan.eplb.migration;

import io.moeplan.eplb.Layout;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Improves a layout change by change: always the one with the largest gain per expert move among those that relieve the
 * fullest GPU, until none does or the layout is within 0.05 % of its bound. Where steps count, which GPU is the fullest
 * differs from step to step: then the few that contribute most to the cost are looked at together, and the next few if
 * nothing helps those.
 */
final class Climb {
    /** Gains below this share of a mean GPU are rounding. */
    private static final double LEAST_GAIN = 1e-9;
    /** The same per move where steps count: smaller ones take most of the time and hold on no other step. */
    private static final double LEAST_STEP_GAIN = 1e-4;
    /** GPUs looked at together where steps count, and at most. */
    private static final int TOGETHER = 2;
    private static final int MOST_GPUS = 8;
    /** What a change that adds no move (or undoes one) counts as, in moves. */
    private static final double FREE = 0.25;

    private final MovableLayout layout;
    private final int experts;
    private MovableLayout.Change best;
    private double bestRate;

    private Climb(MovableLayout layout, int experts) {
        this.layout = layout;
        this.experts = experts;
    }

    /**
     * Climbs.
     *
     * @param mostMoves stops before a change that would bring the layout's moves above
     * @param each      told after every change
     */
    static void run(MovableLayout layout, int experts, int mostMoves, Consumer<MovableLayout> each) {
        Climb climb = new Climb(layout, experts);
        int moves = layout.moves();
        // Every change makes the cost smaller, so none comes back; the limit is for rounding's sake.
        for (int i = 0; i < 20 * layout.slots() && !layout.good(); i++) {
            Optional<MovableLayout.Change> change = climb.best(mostMoves - moves);
            if (change.isEmpty()) {
                return;
            }
            layout.apply(change.get());
            moves += change.get().moves();
            each.accept(layout);
        }
    }

    private Optional<MovableLayout.Change> best(int movesLeft) {
        best = null;
        bestRate = layout.meanOnly() ? LEAST_GAIN : LEAST_STEP_GAIN;
        int[] gpus = layout.fullestFirst();
        int last = layout.meanOnly() ? 1 : Math.min(MOST_GPUS, gpus.length);
        for (int from = 0; from < last && best == null; from += TOGETHER) {
            for (int i = from; i < Math.min(last, from + TOGETHER); i++) {
                relieveGpu(gpus[i], movesLeft);
            }
        }
        return Optional.ofNullable(best);
    }

    private void relieveGpu(int gpu, int movesLeft) {
        for (int slot = 0; slot < layout.slots(); slot++) {
            if (layout.gpu(slot) == gpu && layout.expert(slot) != Layout.EMPTY) {
                relieve(slot, movesLeft);
            }
        }
    }

    /**
     * Tries to swap a slot away, to give it to another expert, and to give its expert another replica elsewhere. Under the
     * mean, what is no lighter does not relieve.
     */
    private void relieve(int slot, int movesLeft) {
        double share = layout.meanOnly() ? layout.share(layout.expert(slot)) : Double.POSITIVE_INFINITY;
        for (int other = 0; other < layout.slots(); other++) {
            if (layout.share(layout.expert(other)) < share) {
                layout.swap(slot, other).ifPresent(change -> consider(change, movesLeft));
            }
            layout.give(other, layout.expert(slot)).ifPresent(change -> consider(change, movesLeft));
        }
        for (int expert = 0; expert < experts; expert++) {
            if (layout.nextShare(expert) < share) {
                layout.give(slot, expert).ifPresent(change -> consider(change, movesLeft));
            }
        }
    }

    private void consider(MovableLayout.Change change, int movesLeft) {
        double rate = change.gain() / Math.max(FREE, change.moves());
        if (rate > bestRate && change.moves() <= movesLeft) {
            best = change;
            bestRate = rate;
        }
    }
}
