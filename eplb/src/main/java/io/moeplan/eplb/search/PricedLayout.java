package io.moeplan.eplb.search;

import java.util.Arrays;

/** A layer's layout with the prices that an objective puts on changes, for climbs that keep to rules of their own. */
public final class PricedLayout {
    private final GpuLoads loads;
    private final Placement placement;
    private int lifted = -1;

    /**
     * @param loads used by this layout alone from now on
     * @param gpus  with the same number of slots each; absent ones have only empty slots
     * @param slots the expert in each slot, -1 in empty ones, {@code [slots]}, GPU-major
     * @throws IllegalArgumentException if the slots do not divide by the GPUs
     */
    public PricedLayout(GpuLoads loads, int gpus, int[] slots) {
        if (slots.length % gpus != 0) {
            throw new IllegalArgumentException(slots.length + " slots do not divide by " + gpus + " GPUs");
        }
        this.loads = loads;
        int[] capacity = new int[gpus];
        Arrays.fill(capacity, slots.length / gpus);
        placement = new Placement(loads.experts(), capacity);
        for (int slot = 0; slot < slots.length; slot++) {
            placement.put(slot, slots[slot]);
        }
        loads.reset(placement);
    }

    /** What is minimised: about the fullest GPU's load, in units of the mean GPU load. */
    public double cost() {
        return loads.cost();
    }

    /** How much a GPU contributes to the cost. */
    public double share(int gpu) {
        return loads.share(gpu);
    }

    /** The gain of two slots on different GPUs exchanging what they hold; positive is better. */
    public double swapGain(int slot, int other) {
        return -loads.swapPrice(slot, other);
    }

    /** The gain of a slot holding another expert, which its GPU does not hold yet; positive is better. */
    public double giveGain(int slot, int expert) {
        if (lifted != slot) {
            loads.lift(slot);
            lifted = slot;
        }
        return -loads.replacePrice(expert);
    }

    /** Two slots exchange what they hold. */
    public void swap(int slot, int other) {
        int expert = placement.expert[slot];
        int second = placement.expert[other];
        placement.put(slot, Placement.EMPTY);
        placement.put(other, expert);
        placement.put(slot, second);
        follow();
    }

    /** A slot holds another expert. */
    public void give(int slot, int expert) {
        placement.put(slot, expert);
        follow();
    }

    /** Afresh, so that rounding does not add up, nor what prices leave out where a GPU holds an expert twice. */
    private void follow() {
        loads.reset(placement);
        lifted = -1;
    }
}
