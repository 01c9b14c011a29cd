package io.moeplan.eplb;

import java.util.Optional;

/** Whether a layer's map is a layout at all. */
final class LayoutCheck {
    /**
     * What is wrong.
     *
     * @param slot    the slot at fault, or -1 if it is the map as a whole
     * @param message a line without the place
     */
    record Fault(int slot, String message) {}

    private LayoutCheck() {}

    /** The first fault: a wrong number of slots, an expert that is not there, or one that has no slot. */
    static Optional<Fault> find(Topology topology, int experts, int[] map) {
        if (map.length != topology.slots()) {
            return Optional.of(new Fault(-1, "the map has " + map.length + " slots, the topology " + topology.slots()));
        }
        boolean[] present = new boolean[experts];
        for (int slot = 0; slot < map.length; slot++) {
            if (map[slot] < 0 || map[slot] >= experts) {
                return Optional.of(new Fault(slot, "expert " + map[slot] + " is none of 0 to " + (experts - 1)));
            }
            present[map[slot]] = true;
        }
        for (int expert = 0; expert < experts; expert++) {
            if (!present[expert]) {
                return Optional.of(new Fault(-1, "expert " + expert + " has no slot"));
            }
        }
        return Optional.empty();
    }
}
