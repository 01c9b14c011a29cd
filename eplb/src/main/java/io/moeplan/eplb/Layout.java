package io.moeplan.eplb;

import java.util.Arrays;
import java.util.stream.IntStream;

/** One layer's slots turned around: where the replicas of each expert lie. What dispatch rules work on. */
public final class Layout {
    /** What a map has for a slot that holds no expert. */
    public static final int EMPTY = -1;

    private final Topology topology;
    private final int experts;
    private final int[] physicalToLogical;
    /** The slots of expert e are {@code slots[first[e] .. first[e + 1]]}, ascending. */
    private final int[] first;
    private final int[] slots;
    /** The GPU of each of {@link #slots}. */
    private final int[] gpus;
    /** GPUs that hold an expert, ascending. */
    private final int[] senders;

    /**
     * @param physicalToLogical the logical expert in each slot, {@code [slots]}, GPU-major; -1 in an empty one
     * @throws IllegalArgumentException if the map has not the topology's slots, names an expert that is not there, or
     *                                  leaves one out
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
            if (expert != EMPTY) {
                first[expert + 1]++;
            }
        }
        for (int expert = 0; expert < experts; expert++) {
            first[expert + 1] += first[expert];
        }
        this.slots = new int[first[experts]];
        int[] next = Arrays.copyOf(first, experts);
        for (int slot = 0; slot < physicalToLogical.length; slot++) {
            if (physicalToLogical[slot] != EMPTY) {
                slots[next[physicalToLogical[slot]]++] = slot;
            }
        }
        this.gpus = Arrays.stream(slots).map(topology::gpuOf).toArray();
        this.senders = Arrays.stream(gpus).distinct().sorted().toArray();
    }

    public Topology topology() {
        return topology;
    }

    /** Logical experts. */
    public int experts() {
        return experts;
    }

    /** GPUs that hold an expert; the others are absent and do not count in means. */
    public int usedGpus() {
        return senders.length;
    }

    /**
     * The source ranks that send tokens: the GPUs that hold an expert, ascending. An absent GPU computes no attention
     * either.
     */
    public int[] senders() {
        return senders.clone();
    }

    /** The logical expert in a slot, or {@link #EMPTY}. */
    public int expertOf(int slot) {
        return physicalToLogical[slot];
    }

    /** The logical expert in each slot, {@code [slots]}, -1 in an empty one. */
    public int[] map() {
        return physicalToLogical.clone();
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

    /** The GPUs of an expert's replicas, ascending; a GPU that holds it twice comes twice. */
    public IntStream gpusOf(int expert) {
        return Arrays.stream(gpus, first[expert], first[expert + 1]);
    }
}
