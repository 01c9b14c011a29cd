package io.moeplan.eplb;

import java.util.Arrays;

/** One layer's slots turned around: where the replicas of each expert lie. What a {@link Dispatch} works on. */
public final class Layout {
    private final Topology topology;
    private final int experts;
    private final int[] physicalToLogical;
    /** The slots of expert e are {@code slots[first[e] .. first[e + 1]]}, ascending. */
    private final int[] first;
    private final int[] slots;
    /** The GPU of each of {@link #slots}. */
    private final int[] gpus;

    /**
     * @param physicalToLogical the logical expert in each slot, {@code [slots]}, GPU-major
     * @throws IllegalArgumentException if the map does not fill the topology's slots, names an expert that is not there,
     *                                  or leaves one out
     */
    public Layout(Topology topology, int experts, int[] physicalToLogical) {
        LayoutCheck.find(topology, experts, physicalToLogical).ifPresent(fault -> {
            throw new IllegalArgumentException(fault.message());
        });
        this.topology = topology;
        this.experts = experts;
        this.physicalToLogical = physicalToLogical.clone();
        this.first = new int[experts + 1];
        for (int expert : physicalToLogical) {
            first[expert + 1]++;
        }
        for (int expert = 0; expert < experts; expert++) {
            first[expert + 1] += first[expert];
        }
        this.slots = new int[physicalToLogical.length];
        int[] next = Arrays.copyOf(first, experts);
        for (int slot = 0; slot < slots.length; slot++) {
            slots[next[physicalToLogical[slot]]++] = slot;
        }
        this.gpus = Arrays.stream(slots).map(topology::gpuOf).toArray();
    }

    public Topology topology() {
        return topology;
    }

    /** Logical experts. */
    public int experts() {
        return experts;
    }

    /** The logical expert in a slot. */
    public int expertOf(int slot) {
        return physicalToLogical[slot];
    }

    /** Replicas of an expert. */
    public int replicas(int expert) {
        return first[expert + 1] - first[expert];
    }

    /** The slot of an expert's replica, 0 to {@link #replicas} - 1, in ascending order of slots. */
    public int slot(int expert, int replica) {
        return slots[first[expert] + replica];
    }

    /** The GPU of an expert's replica. */
    public int gpu(int expert, int replica) {
        return gpus[first[expert] + replica];
    }
}
