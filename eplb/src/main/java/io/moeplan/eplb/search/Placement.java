package io.moeplan.eplb.search;

import java.util.Arrays;

/** A layout while it is searched: which expert lies in which slot, and where the replicas of each expert lie. */
final class Placement {
    static final int EMPTY = -1;

    /** The expert in each slot or {@link #EMPTY}, {@code [slots]}. */
    final int[] expert;
    /** The GPU of each slot, {@code [slots]}. */
    final int[] gpuOf;
    /** The slots of GPU g are {@code firstSlot[g]} up to {@code firstSlot[g + 1]}. */
    final int[] firstSlot;
    /** Replicas of each expert, {@code [experts]}. */
    final int[] replicas;
    /** The GPUs of each expert's replicas in {@code [expert][0 .. replicas]}, in no order. */
    final int[][] gpusOf;
    private final boolean[][] holds;

    Placement(int experts, int[] capacity) {
        firstSlot = new int[capacity.length + 1];
        for (int gpu = 0; gpu < capacity.length; gpu++) {
            firstSlot[gpu + 1] = firstSlot[gpu] + capacity[gpu];
        }
        expert = new int[firstSlot[capacity.length]];
        gpuOf = new int[expert.length];
        for (int gpu = 0; gpu < capacity.length; gpu++) {
            Arrays.fill(gpuOf, firstSlot[gpu], firstSlot[gpu + 1], gpu);
        }
        replicas = new int[experts];
        gpusOf = new int[experts][4];
        holds = new boolean[capacity.length][experts];
        Arrays.fill(expert, EMPTY);
    }

    int slots() {
        return expert.length;
    }

    int gpus() {
        return firstSlot.length - 1;
    }

    boolean holds(int gpu, int e) {
        return holds[gpu][e];
    }

    /** The first empty slot of a GPU, or -1. */
    int emptySlot(int gpu) {
        for (int slot = firstSlot[gpu]; slot < firstSlot[gpu + 1]; slot++) {
            if (expert[slot] == EMPTY) {
                return slot;
            }
        }
        return -1;
    }

    /** Puts an expert, or nothing, where another was. */
    void put(int slot, int e) {
        int gpu = gpuOf[slot];
        int old = expert[slot];
        if (old != EMPTY) {
            holds[gpu][old] = false;
            int at = 0;
            while (gpusOf[old][at] != gpu) {
                at++;
            }
            gpusOf[old][at] = gpusOf[old][--replicas[old]];
        }
        expert[slot] = e;
        if (e != EMPTY) {
            holds[gpu][e] = true;
            if (gpusOf[e].length == replicas[e]) {
                gpusOf[e] = Arrays.copyOf(gpusOf[e], 2 * replicas[e]);
            }
            gpusOf[e][replicas[e]++] = gpu;
        }
    }
}
