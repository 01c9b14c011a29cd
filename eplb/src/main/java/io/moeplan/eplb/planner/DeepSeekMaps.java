package io.moeplan.eplb.planner;

import java.util.Arrays;

/**
 * What DeepSeek's {@code rebalance_experts} returns.
 *
 * @param physicalToLogical the logical expert in each slot, {@code [layers][slots]}
 * @param logicalToPhysical the slots of each expert, {@code [layers][experts][most replicas in any layer]}, padded with
 *                          -1
 * @param expertCount       replicas of each expert, {@code [layers][experts]}
 */
public record DeepSeekMaps(int[][] physicalToLogical, int[][][] logicalToPhysical, int[][] expertCount) {
    /**
     * The maps of any layout. The replicas of an expert are numbered in the order of their slots, which a layout alone
     * determines; the reference numbers them in the order it made them.
     */
    public static DeepSeekMaps of(int[][] physicalToLogical, int experts) {
        int[][] replica = new int[physicalToLogical.length][];
        for (int layer = 0; layer < replica.length; layer++) {
            int[] seen = new int[experts];
            int[] map = physicalToLogical[layer];
            replica[layer] = new int[map.length];
            for (int slot = 0; slot < map.length; slot++) {
                replica[layer][slot] = seen[map[slot]]++;
            }
        }
        return of(physicalToLogical, replica, experts);
    }

    /** @param replica which replica of its expert each slot holds, {@code [layers][slots]} */
    static DeepSeekMaps of(int[][] physicalToLogical, int[][] replica, int experts) {
        int layers = physicalToLogical.length;
        int[][] count = new int[layers][experts];
        int most = 0;
        for (int layer = 0; layer < layers; layer++) {
            for (int expert : physicalToLogical[layer]) {
                most = Math.max(most, ++count[layer][expert]);
            }
        }
        int[][][] slots = new int[layers][experts][most];
        for (int layer = 0; layer < layers; layer++) {
            for (int[] row : slots[layer]) {
                Arrays.fill(row, -1);
            }
            for (int slot = 0; slot < physicalToLogical[layer].length; slot++) {
                slots[layer][physicalToLogical[layer][slot]][replica[layer][slot]] = slot;
            }
        }
        return new DeepSeekMaps(physicalToLogical, slots, count);
    }
}
