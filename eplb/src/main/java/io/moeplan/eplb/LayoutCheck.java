package io.moeplan.eplb;

import java.util.Optional;

/** Whether a layer's map is a layout at all. */
public final class LayoutCheck {
    /**
     * What is wrong.
     *
     * @param slot    the slot at fault, or -1 if it is the map as a whole
     * @param message a line without the place
     */
    public record Fault(int slot, String message) {}

    private LayoutCheck() {}

    /**
     * The first fault: a wrong number of slots, an expert that is not there, or one that has no slot. Any slot may be
     * empty.
     */
    public static Optional<Fault> find(Topology topology, int experts, int[] map) {
        if (map.length != topology.slots()) {
            return Optional.of(new Fault(-1, "the map has " + map.length + " slots, the topology " + topology.slots()));
        }
        boolean[] present = new boolean[experts];
        for (int slot = 0; slot < map.length; slot++) {
            if (map[slot] < Layout.EMPTY || map[slot] >= experts) {
                return Optional.of(new Fault(slot, "expert " + map[slot] + " is none of 0 to " + (experts - 1)));
            }
            if (map[slot] != Layout.EMPTY) {
                present[map[slot]] = true;
            }
        }
        for (int expert = 0; expert < experts; expert++) {
            if (!present[expert]) {
                return Optional.of(new Fault(-1, "expert " + expert + " has no slot"));
            }
        }
        return Optional.empty();
    }

    /**
     * The first fault, as above or in the empty slots: those of absent GPUs are empty, of the others as many as required
     * and never all of a GPU's.
     */
    public static Optional<Fault> find(Topology topology, int experts, Requirements requirements, int[] map) {
        return find(topology, experts, map).or(() -> findEmpty(topology, requirements, map));
    }

    private static Optional<Fault> findEmpty(Topology topology, Requirements requirements, int[] map) {
        int empty = 0;
        int first = -1;
        for (int gpu = 0; gpu < topology.gpus(); gpu++) {
            boolean absent = requirements.absent().contains(gpu);
            int held = 0;
            for (int slot = gpu * topology.slotsPerGpu(); slot < (gpu + 1) * topology.slotsPerGpu(); slot++) {
                if (map[slot] != Layout.EMPTY && absent) {
                    return Optional.of(new Fault(slot, "expert " + map[slot] + " lies on GPU " + gpu
                            + ", which is absent"));
                }
                if (map[slot] == Layout.EMPTY && !absent) {
                    empty++;
                    first = first < 0 ? slot : first;
                }
                held += map[slot] == Layout.EMPTY ? 0 : 1;
            }
            if (held == 0 && !absent) {
                return Optional.of(new Fault(gpu * topology.slotsPerGpu(), "GPU " + gpu + " holds no expert"));
            }
        }
        if (empty == requirements.empty()) {
            return Optional.empty();
        }
        return Optional.of(new Fault(first, empty + (empty == 1 ? " slot is" : " slots are")
                + " empty on GPUs that are present, the plan wants " + requirements.empty()));
    }
}
