package io.moeplan.eplb.search;

import java.util.Arrays;
import java.util.PriorityQueue;
import java.util.SplittableRandom;
import java.util.function.BooleanSupplier;

/**
 * Searches a layout for one layer, by construction and local search.
 *
 * <p>Three kinds of moves: two slots on different GPUs exchange what they hold (an empty slot takes part, so replicas also
 * just move); a slot takes a replica of another expert; two groups of experts exchange their nodes, if groups are pinned.
 * {@link #climb} makes moves of the first two kinds as long as any helps. Then {@link #kick} spoils the best layout
 * a little and the next climb mends it, for as long as one likes.
 *
 * <p>What a move is worth is the business of {@link GpuLoads}; whether it is allowed, of {@link Rules};
 * {@link WorkingLayout} carries it out. The search is deterministic: it counts its effort in numbers touched, not in
 * seconds.
 */
public final class LayerSearch {
    /** A move must improve the cost, which is about 1, by this much. */
    private static final double LEAST_GAIN = 1e-7;
    private static final Move NONE = new Move(false, -1, -1, -LEAST_GAIN);
    private static final double[] RISKS = {0, 0.67};

    private final LayerProblem problem;
    private final GpuLoads loads;
    private final SplittableRandom random;
    private final WorkingLayout layout;

    private final PriorityQueue<WorkingLayout.Saved> starts = new PriorityQueue<>(
            (a, b) -> Double.compare(a.cost(), b.cost()));
    private WorkingLayout.Saved best;
    private int idleKicks;
    /** Whether a climb was broken off. */
    private boolean climbing;

    /**
     * What a slot may do.
     *
     * @param swap exchange what it holds with another slot; else, take a replica of another expert
     * @param with the other slot, or the expert (-1: none)
     */
    private record Move(boolean swap, int slot, int with, double price) {}

    /**
     * @param loads how moves are priced; used by this search alone
     * @throws IllegalArgumentException if the loads are of another number of experts, or no layout could be found that
     *                                  keeps the problem's rules
     */
    public LayerSearch(LayerProblem problem, GpuLoads loads, long seed) {
        if (loads.experts() != problem.experts()) {
            throw new IllegalArgumentException("loads of " + loads.experts() + " experts for a layer of "
                    + problem.experts());
        }
        this.problem = problem;
        this.loads = loads;
        random = new SplittableRandom(seed);
        layout = new WorkingLayout(problem, loads);
        if (problem.start() != null) {
            offer(problem.start());
        } else {
            construct();
        }
        if (starts.isEmpty()) {
            throw new IllegalArgumentException("no layout of " + problem.experts() + " experts on " + layout.slots()
                    + " slots of " + problem.gpus() + " GPUs was found that keeps the rules");
        }
    }

    /** Starts from greedy layouts, one for each way to weigh an expert's mean against its spread. */
    private void construct() {
        int[] home = new int[problem.experts()];
        Arrays.fill(home, -1);
        if (problem.pinned()) {
            int[] node = new GroupPacking(problem, loads.weights(0)).pack();
            Arrays.setAll(home, e -> node[problem.groupOf(e)]);
        }
        for (double risk : loads.effort() == 1 ? new double[]{0} : RISKS) {
            construct(home, risk, true);
        }
        if (problem.mayBeEmpty()) {
            construct(home, 0, false);
        }
    }

    private void construct(int[] home, double risk, boolean everySlot) {
        if (layout.construct(home, risk, everySlot)) {
            starts.add(layout.save());
        }
    }

    /** Adds a layout to start from, {@code [slots]}; without effect if it breaks the problem's rules. */
    public void offer(int[] slots) {
        if (layout.take(slots)) {
            starts.add(layout.save());
        }
    }

    /** The best layout so far: the expert in each slot or -1, {@code [slots]}. */
    public int[] slots() {
        return (best == null ? starts.element() : best).slots().clone();
    }

    /** The cost of {@link #slots()}. */
    public double cost() {
        return (best == null ? starts.element() : best).cost();
    }

    /** Numbers touched so far. */
    public long effort() {
        return layout.effort();
    }

    /** Kicks in a row that led to nothing better. */
    public int idleKicks() {
        return idleKicks;
    }

    /**
     * Searches on until the effort has been spent, the cost is low enough, or kicks no longer help.
     *
     * @param more     numbers to touch, about; a climb under way is broken off
     * @param enough   a cost at which to stop
     * @param patience kicks in a row without gain after which to stop
     * @param hurry    whether time is up: asked before each slot that is scanned
     */
    public void run(long more, double enough, int patience, BooleanSupplier hurry) {
        long end = effort() + more;
        while (effort() < end && cost() > enough && idleKicks < patience && !hurry.getAsBoolean()) {
            if (!climbing && starts.isEmpty()) {
                layout.restore(best);
                kick();
                idleKicks++;
            } else if (!climbing) {
                WorkingLayout.Saved start = starts.remove();
                best = best == null || start.cost() < best.cost() ? start : best;
                layout.restore(start);
                layout.scanAll();
            }
            climbing = !climb(end, hurry);
            if (layout.cost() < best.cost() - LEAST_GAIN) {
                best = layout.save();
                idleKicks = 0;
            }
        }
    }

    /** Makes moves while any helps; whether that came to its end before the effort did. */
    private boolean climb(long end, BooleanSupplier hurry) {
        int[] order = new int[layout.slots()];
        Arrays.setAll(order, slot -> slot);
        double before = Double.POSITIVE_INFINITY;
        while (layout.cost() < before) {
            before = layout.cost();
            shuffle(order);
            for (int slot : order) {
                if (effort() >= end || hurry.getAsBoolean()) {
                    return false;
                }
                Move move = bestReplacement(slot, bestSwap(slot));
                layout.scanned(slot);
                if (move.slot() >= 0) {
                    make(move);
                }
            }
        }
        return true;
    }

    private Move bestSwap(int slot) {
        Move found = NONE;
        for (int other = 0; other < layout.slots(); other++) {
            if (layout.stale(slot, other) && layout.rules().maySwap(slot, other)) {
                double price = layout.swapPrice(slot, other);
                if (price < found.price()) {
                    found = new Move(true, slot, other, price);
                }
            }
        }
        return found;
    }

    /** The best replacement of what a slot holds, if that is better than the move found before. */
    private Move bestReplacement(int slot, Move before) {
        if (!layout.rules().mayLift(slot)) {
            return before;
        }
        Move found = before;
        layout.lift(slot);
        for (int expert = Placement.EMPTY; expert < problem.experts(); expert++) {
            if (layout.staleFor(slot, expert) && layout.rules().mayTake(slot, expert)) {
                double price = layout.replacePrice(slot, expert);
                if (price < found.price()) {
                    found = new Move(false, slot, expert, price);
                }
            }
        }
        return found;
    }

    /** Makes a move, and takes it back if prices are only estimates and this one was wrong. */
    private void make(Move move) {
        double before = loads.keepsPromises() ? Double.POSITIVE_INFINITY : layout.cost();
        int old = layout.expert(move.slot());
        if (move.swap()) {
            layout.swap(move.slot(), move.with());
        } else {
            layout.replace(move.slot(), move.with());
        }
        boolean wrong = !loads.keepsPromises() && layout.cost() > before;
        if (wrong && move.swap()) {
            layout.swap(move.slot(), move.with());
        } else if (wrong) {
            layout.replace(move.slot(), old);
        }
    }

    /** A few random moves, half of them on the GPU that contributes most to the cost. */
    private void kick() {
        if (problem.pinned() && random.nextInt(8) == 0) {
            exchangeGroups();
            return;
        }
        int moves = 2 + random.nextInt(3);
        for (int tries = 0; moves > 0 && tries < 100; tries++) {
            int slot = random.nextBoolean() ? slotOfFullest() : random.nextInt(layout.slots());
            int other = random.nextInt(layout.slots());
            int expert = random.nextInt(problem.experts());
            if (random.nextInt(3) == 0 && layout.rules().mayLift(slot) && layout.rules().mayTake(slot, expert)) {
                layout.replace(slot, expert);
                moves--;
            } else if (layout.rules().maySwap(slot, other)) {
                layout.swap(slot, other);
                moves--;
            }
        }
    }

    private int slotOfFullest() {
        int[] slots = layout.slotsOfFullest();
        return slots[1] == 0 ? random.nextInt(layout.slots()) : slots[0] + random.nextInt(slots[1]);
    }

    private void exchangeGroups() {
        int a = random.nextInt(problem.groups());
        int b = random.nextInt(problem.groups());
        if (!layout.exchangeGroups(a, b)) {
            layout.restore(best);
        }
    }

    private void shuffle(int[] order) {
        for (int i = order.length - 1; i > 0; i--) {
            int j = random.nextInt(i + 1);
            int slot = order[i];
            order[i] = order[j];
            order[j] = slot;
        }
    }
}
