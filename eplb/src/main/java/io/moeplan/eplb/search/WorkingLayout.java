package io.moeplan.eplb.search;

import java.util.Arrays;

/**
 * The layout that a {@link LayerSearch} works on: which moves its rules allow, what they would cost, what has changed since a
 * slot was last looked at, and how much work all this was. Keeps the placement, its loads and its attraction in step.
 */
final class WorkingLayout {
    /** What pricing a move costs on top of the numbers it touches. */
    private static final int OVERHEAD = 24;

    private final LayerProblem problem;
    private final GpuLoads loads;
    private final Placement placement;
    private final Rules rules;
    private final Attraction attraction;

    /** When each GPU last changed and each slot was last scanned, in moves made; what neither saw is not priced again. */
    private final long[] changed;
    private final long[] scanned;
    private long clock = 1;
    private long effort;

    /** A layout put aside: its slots, the nodes its experts are pinned to, and what had been scanned. */
    record Saved(int[] slots, int[] home, double cost, long[] changed, long[] scanned) {}

    WorkingLayout(LayerProblem problem, GpuLoads loads) {
        this.problem = problem;
        this.loads = loads;
        placement = new Placement(problem.experts(), problem.capacity());
        rules = new Rules(problem, placement);
        attraction = problem.affinity().none() ? null : new Attraction(problem.affinity(), problem.node());
        changed = new long[problem.gpus()];
        scanned = new long[placement.slots()];
    }

    int slots() {
        return placement.slots();
    }

    /** The expert in a slot, or -1. */
    int expert(int slot) {
        return placement.expert[slot];
    }

    Rules rules() {
        return rules;
    }

    /** What is minimised. */
    double cost() {
        return loads.cost() + (attraction == null ? 0 : attraction.cost());
    }

    /** Numbers touched so far. */
    long effort() {
        return effort;
    }

    /** The first slot and the number of slots of the GPU that contributes most to the cost: {@code {first, count}}. */
    int[] slotsOfFullest() {
        int fullest = 0;
        for (int gpu = 1; gpu < problem.gpus(); gpu++) {
            if (loads.share(gpu) > loads.share(fullest)) {
                fullest = gpu;
            }
        }
        int first = placement.firstSlot[fullest];
        return new int[]{first, placement.firstSlot[fullest + 1] - first};
    }

    /** The price of two slots exchanging what they hold; negative is better. */
    double swapPrice(int slot, int other) {
        effort += loads.effort() + OVERHEAD;
        return loads.swapPrice(slot, other) + (attraction == null ? 0 : attraction.swapPrice(slot, other));
    }

    /** Prices what a slot holds leaving it, for the calls of {@link #replacePrice} that follow. */
    void lift(int slot) {
        int e = placement.expert[slot];
        effort += (e < 0 ? 1L : placement.replicas[e]) * (loads.effort() + OVERHEAD);
        loads.lift(slot);
    }

    /** The price of a lifted slot holding another expert, or nothing (-1), instead. */
    double replacePrice(int slot, int e) {
        effort += (e < 0 ? 1L : placement.replicas[e] + 1L) * (loads.effort() + OVERHEAD);
        return loads.replacePrice(e) + (attraction == null ? 0 : attraction.replacePrice(slot, e));
    }

    /** Two slots exchange what they hold. */
    void swap(int slot, int other) {
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

    /** A slot takes a replica of another expert, or nothing (-1). */
    void replace(int slot, int e) {
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

    /** Notes that all moves of a slot were priced. */
    void scanned(int slot) {
        scanned[slot] = clock;
    }

    /** Forgets what was priced. */
    void scanAll() {
        Arrays.fill(changed, ++clock);
    }

    /** Whether a GPU of two slots has changed since either of them was scanned. */
    boolean stale(int slot, int other) {
        return Math.max(changed[placement.gpuOf[slot]], changed[placement.gpuOf[other]]) > Math.max(scanned[slot],
                scanned[other]);
    }

    /** Whether a GPU has changed, since the slot was scanned, that gains or loses by its expert giving way to another. */
    boolean staleFor(int slot, int expert) {
        return changed[placement.gpuOf[slot]] > scanned[slot] || changedSince(scanned[slot], placement.expert[slot])
                || changedSince(scanned[slot], expert);
    }

    private boolean changedSince(long time, int expert) {
        for (int i = 0; expert >= 0 && i < placement.replicas[expert]; i++) {
            if (changed[placement.gpusOf[expert][i]] > time) {
                return true;
            }
        }
        return false;
    }

    /** The layout as it is. */
    Saved save() {
        return new Saved(placement.expert.clone(), rules.home.clone(), cost(), changed.clone(), scanned.clone());
    }

    /** Goes back, or over, to a layout put aside. */
    void restore(Saved layout) {
        put(layout.slots(), layout.home());
        System.arraycopy(layout.changed(), 0, changed, 0, changed.length);
        System.arraycopy(layout.scanned(), 0, scanned, 0, scanned.length);
    }

    /** Takes a layout from elsewhere, {@code [slots]}; false if it breaks the problem's rules. */
    boolean take(int[] slots) {
        if (!distinct(slots)) {
            return false;
        }
        put(slots, homes(slots));
        return rules.kept();
    }

    /** Fills all slots greedily; false if that breaks the problem's rules. The arguments are {@link Construction}'s. */
    boolean construct(int[] home, double risk, boolean everySlot) {
        System.arraycopy(home, 0, rules.home, 0, home.length);
        boolean[] open = new boolean[problem.nodes()];
        Arrays.fill(open, true);
        return fill(open, risk, everySlot);
    }

    /**
     * Two groups of experts exchange their nodes, and these are laid out anew.
     *
     * @return false if that breaks the problem's rules: then the layout is none until another is restored
     */
    boolean exchangeGroups(int a, int b) {
        int size = problem.experts() / problem.groups();
        int nodeA = rules.home[a * size];
        int nodeB = rules.home[b * size];
        if (nodeA == nodeB) {
            return true;
        }
        Arrays.fill(rules.home, a * size, (a + 1) * size, nodeB);
        Arrays.fill(rules.home, b * size, (b + 1) * size, nodeA);
        boolean[] open = new boolean[problem.nodes()];
        open[nodeA] = true;
        open[nodeB] = true;
        if (!fill(open, 0, true)) {
            return false;
        }
        for (int gpu = 0; gpu < problem.gpus(); gpu++) {
            if (open[problem.node()[gpu]]) {
                changed[gpu] = ++clock;
            }
        }
        return true;
    }

    private boolean fill(boolean[] open, double risk, boolean everySlot) {
        if (!new Construction(problem, placement, rules, loads.weights(risk)).fill(open, everySlot)) {
            return false;
        }
        follow();
        return true;
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
}
