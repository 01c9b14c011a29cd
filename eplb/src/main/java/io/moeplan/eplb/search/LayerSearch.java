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
 * <p>What a move is worth is the business of {@link GpuLoads}; whether it is allowed, of {@link Rules}. The search is
 * deterministic: it counts its effort in numbers touched, not in seconds.
 */
public final class LayerSearch {
    /** A move must improve the cost, which is about 1, by this much. */
    private static final double LEAST_GAIN = 1e-7;
    /** What pricing a move costs on top of the numbers it touches. */
    private static final int OVERHEAD = 24;
    private static final double[] RISKS = {0, 0.67};

    private final LayerProblem problem;
    private final GpuLoads loads;
    private final SplittableRandom random;
    private final Placement placement;
    private final Rules rules;
    private final Attraction attraction;

    private final PriorityQueue<Layout> starts = new PriorityQueue<>((a, b) -> Double.compare(a.cost(), b.cost()));
    private Layout best;
    private int idleKicks;
    /** Whether a climb was broken off. */
    private boolean climbing;
    private long effort;

    /** When each GPU last changed and each slot was last scanned, in moves made; what neither saw is not priced again. */
    private final long[] changed;
    private final long[] scanned;
    private long clock = 1;

    /** A layout: its slots, the nodes its experts are pinned to, and what had been scanned. */
    private record Layout(int[] slots, int[] home, double cost, long[] changed, long[] scanned) {}

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
        placement = new Placement(problem.experts(), problem.capacity());
        rules = new Rules(problem, placement);
        attraction = problem.affinity().none() ? null : new Attraction(problem.affinity(), problem.node());
        changed = new long[problem.gpus()];
        scanned = new long[placement.slots()];
        if (problem.start() != null) {
            offer(problem.start());
        } else {
            construct();
        }
        if (starts.isEmpty()) {
            throw new IllegalArgumentException("no layout of " + problem.experts() + " experts on " + placement.slots()
                    + " slots of " + problem.gpus() + " GPUs was found that keeps the rules");
        }
    }

    /** Adds a layout to start from, {@code [slots]}; without effect if it breaks the problem's rules. */
    public void offer(int[] slots) {
        if (distinct(slots)) {
            put(slots, homes(slots));
            if (rules.kept()) {
                starts.add(current());
            }
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
        return effort;
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
        long end = effort + more;
        while (effort < end && cost() > enough && idleKicks < patience && !hurry.getAsBoolean()) {
            if (!climbing && starts.isEmpty()) {
                take(best);
                kick();
                idleKicks++;
            } else if (!climbing) {
                Layout start = starts.remove();
                best = best == null || start.cost() < best.cost() ? start : best;
                take(start);
                Arrays.fill(changed, ++clock);
            }
            climbing = !climb(end, hurry);
            if (totalCost() < best.cost() - LEAST_GAIN) {
                best = current();
                idleKicks = 0;
            }
        }
    }

    /** Makes moves while any helps; whether that came to its end before the effort did. */
    private boolean climb(long end, BooleanSupplier hurry) {
        int[] order = new int[placement.slots()];
        Arrays.setAll(order, slot -> slot);
        double before = Double.POSITIVE_INFINITY;
        while (totalCost() < before) {
            before = totalCost();
            shuffle(order);
            for (int slot : order) {
                if (effort >= end || hurry.getAsBoolean()) {
                    return false;
                }
                improve(slot);
            }
        }
        return true;
    }

    /** Makes the best move of one slot, if any helps. */
    private void improve(int slot) {
        double bestPrice = -LEAST_GAIN;
        int partner = -1;
        for (int other = 0; other < placement.slots(); other++) {
            if (stale(slot, other) && rules.maySwap(slot, other)) {
                double price = swapPrice(slot, other);
                if (price < bestPrice) {
                    bestPrice = price;
                    partner = other;
                }
            }
        }
        int expert = -2;
        if (rules.mayLift(slot)) {
            lift(slot);
            for (int e = -1; e < problem.experts(); e++) {
                if (stale(slot, placement.expert[slot], e) && rules.mayTake(slot, e)) {
                    double price = replacePrice(slot, e);
                    if (price < bestPrice) {
                        bestPrice = price;
                        expert = e;
                    }
                }
            }
        }
        scanned[slot] = clock;
        int old = placement.expert[slot];
        double before = loads.keepsPromises() ? 0 : totalCost();
        if (expert > -2) {
            replace(slot, expert);
        } else if (partner >= 0) {
            swap(slot, partner);
        }
        if (!loads.keepsPromises() && totalCost() > before) {
            undo(slot, old, partner, expert);
        }
    }

    private void undo(int slot, int old, int partner, int expert) {
        if (expert > -2) {
            replace(slot, old);
        } else if (partner >= 0) {
            swap(slot, partner);
        }
    }

    /** Whether a GPU of two slots has changed since either of them was scanned. */
    private boolean stale(int slot, int other) {
        return Math.max(changed[placement.gpuOf[slot]], changed[placement.gpuOf[other]]) > Math.max(scanned[slot],
                scanned[other]);
    }

    /** Whether a GPU has changed, since the slot was scanned, that gains or loses by its expert giving way to another. */
    private boolean stale(int slot, int out, int in) {
        return changed[placement.gpuOf[slot]] > scanned[slot] || changedSince(scanned[slot], out)
                || changedSince(scanned[slot], in);
    }

    private boolean changedSince(long time, int expert) {
        for (int i = 0; expert >= 0 && i < placement.replicas[expert]; i++) {
            if (changed[placement.gpusOf[expert][i]] > time) {
                return true;
            }
        }
        return false;
    }

    /** A few random moves, half of them on the GPU that contributes most to the cost. */
    private void kick() {
        if (problem.pinned() && random.nextInt(8) == 0) {
            exchangeGroups();
            return;
        }
        int moves = 2 + random.nextInt(3);
        for (int tries = 0; moves > 0 && tries < 100; tries++) {
            int slot = random.nextBoolean() ? slotOfFullest() : random.nextInt(placement.slots());
            int other = random.nextInt(placement.slots());
            int expert = random.nextInt(problem.experts());
            if (random.nextInt(3) == 0 && rules.mayLift(slot) && rules.mayTake(slot, expert)) {
                replace(slot, expert);
                moves--;
            } else if (rules.maySwap(slot, other)) {
                swap(slot, other);
                moves--;
            }
        }
    }

    private int slotOfFullest() {
        int fullest = 0;
        for (int gpu = 1; gpu < problem.gpus(); gpu++) {
            if (loads.share(gpu) > loads.share(fullest)) {
                fullest = gpu;
            }
        }
        int first = placement.firstSlot[fullest];
        int held = placement.firstSlot[fullest + 1] - first;
        return held == 0 ? random.nextInt(placement.slots()) : first + random.nextInt(held);
    }

    /** Two groups on different nodes change places; both nodes are laid out anew. */
    private void exchangeGroups() {
        int a = random.nextInt(problem.groups());
        int b = random.nextInt(problem.groups());
        int size = problem.experts() / problem.groups();
        int nodeA = rules.home[a * size];
        int nodeB = rules.home[b * size];
        if (nodeA == nodeB) {
            return;
        }
        Arrays.fill(rules.home, a * size, (a + 1) * size, nodeB);
        Arrays.fill(rules.home, b * size, (b + 1) * size, nodeA);
        boolean[] open = new boolean[problem.nodes()];
        open[nodeA] = true;
        open[nodeB] = true;
        boolean complete = new Construction(problem, placement, rules, loads.weights(0)).fill(open, true);
        if (complete) {
            follow();
            for (int gpu = 0; gpu < problem.gpus(); gpu++) {
                if (open[problem.node()[gpu]]) {
                    changed[gpu] = ++clock;
                }
            }
        } else {
            take(best);
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
        boolean[] open = new boolean[problem.nodes()];
        Arrays.fill(open, true);
        for (double risk : loads.effort() == 1 ? new double[]{0} : RISKS) {
            construct(home, open, risk, true);
        }
        if (problem.mayBeEmpty()) {
            construct(home, open, 0, false);
        }
    }

    private void construct(int[] home, boolean[] open, double risk, boolean everySlot) {
        System.arraycopy(home, 0, rules.home, 0, home.length);
        if (new Construction(problem, placement, rules, loads.weights(risk)).fill(open, everySlot)) {
            follow();
            starts.add(current());
        }
    }

    private double swapPrice(int slot, int other) {
        effort += loads.effort() + OVERHEAD;
        return loads.swapPrice(slot, other) + (attraction == null ? 0 : attraction.swapPrice(slot, other));
    }

    private void lift(int slot) {
        int e = placement.expert[slot];
        effort += (e < 0 ? 1L : placement.replicas[e]) * (loads.effort() + OVERHEAD);
        loads.lift(slot);
    }

    private double replacePrice(int slot, int e) {
        effort += (e < 0 ? 1L : placement.replicas[e] + 1L) * (loads.effort() + OVERHEAD);
        return loads.replacePrice(e) + (attraction == null ? 0 : attraction.replacePrice(slot, e));
    }

    private void swap(int slot, int other) {
        int e = placement.expert[slot];
        int f = placement.expert[other];
        loads.swap(slot, other);
        attract(e, f, -1);
        rules.put(slot, Placement.EMPTY);
        rules.put(other, e);
        rules.put(slot, f);
        attract(e, f, 1);
        clock++;
        changed[placement.gpuOf[slot]] = clock;
        changed[placement.gpuOf[other]] = clock;
        effort += (long) problem.gpus() * loads.effort();
    }

    private void replace(int slot, int e) {
        int old = placement.expert[slot];
        loads.replace(slot, e);
        attract(old, e, -1);
        clock++;
        touch(old);
        rules.put(slot, e);
        touch(e);
        attract(old, e, 1);
        effort += (long) problem.gpus() * loads.effort();
    }

    private void touch(int e) {
        for (int i = 0; e >= 0 && i < placement.replicas[e]; i++) {
            changed[placement.gpusOf[e][i]] = clock;
        }
    }

    private void attract(int e, int f, int sign) {
        if (attraction != null && e >= 0) {
            attraction.add(e, sign);
        }
        if (attraction != null && f >= 0) {
            attraction.add(f, sign);
        }
    }

    private double totalCost() {
        return loads.cost() + (attraction == null ? 0 : attraction.cost());
    }

    private Layout current() {
        return new Layout(placement.expert.clone(), rules.home.clone(), totalCost(), changed.clone(), scanned.clone());
    }

    private void take(Layout layout) {
        put(layout.slots(), layout.home());
        System.arraycopy(layout.changed(), 0, changed, 0, changed.length);
        System.arraycopy(layout.scanned(), 0, scanned, 0, scanned.length);
    }

    private void put(int[] slots, int[] home) {
        System.arraycopy(home, 0, rules.home, 0, home.length);
        for (int slot = 0; slot < slots.length; slot++) {
            rules.put(slot, Placement.EMPTY);
        }
        for (int slot = 0; slot < slots.length; slot++) {
            rules.put(slot, slots[slot]);
        }
        follow();
    }

    /** Makes loads follow a placement that was changed otherwise than by {@link #swap} and {@link #replace}. */
    private void follow() {
        effort += (long) placement.slots() * loads.effort();
        loads.reset(placement);
        if (attraction != null) {
            attraction.reset(placement, problem.nodes());
        }
    }

    /** Whether no GPU holds an expert twice. */
    private boolean distinct(int[] slots) {
        int[] lastGpu = new int[problem.experts()];
        Arrays.fill(lastGpu, -1);
        for (int slot = 0; slot < slots.length; slot++) {
            int e = slots[slot];
            if (e >= 0 && lastGpu[e] == placement.gpuOf[slot]) {
                return false;
            }
            if (e >= 0) {
                lastGpu[e] = placement.gpuOf[slot];
            }
        }
        return slots.length == placement.slots();
    }

    /** The node that each expert is pinned to in a layout; -1 if it may lie anywhere. */
    private int[] homes(int[] slots) {
        int[] home = new int[problem.experts()];
        Arrays.fill(home, -1);
        for (int slot = 0; problem.pinned() && slot < slots.length; slot++) {
            if (slots[slot] >= 0) {
                int first = slots[slot] - slots[slot] % (problem.experts() / problem.groups());
                home[slots[slot]] = home[first] < 0 ? problem.node()[placement.gpuOf[slot]] : home[first];
                home[first] = home[slots[slot]];
            }
        }
        return home;
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
