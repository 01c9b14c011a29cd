package io.moeplan.eplb;

/**
 * The GPUs of a deployment and the expert slots on each.
 *
 * <p>Slots are numbered GPU-major: slot {@code s} lies on GPU {@code s / slotsPerGpu}, GPU {@code g} in node
 * {@code g / gpusPerNode}.
 *
 * @param slotsPerGpu physical experts that a GPU holds, per layer
 */
public record Topology(int nodes, int gpusPerNode, int slotsPerGpu) {
    public Topology {
        if (nodes < 1 || gpusPerNode < 1 || slotsPerGpu < 1) {
            throw new IllegalArgumentException("a topology needs at least one node, GPU and slot, got " + nodes
                    + " nodes x " + gpusPerNode + " GPUs x " + slotsPerGpu + " slots");
        }
    }

    public int gpus() {
        return nodes * gpusPerNode;
    }

    /** Physical experts per layer over all GPUs. */
    public int slots() {
        return gpus() * slotsPerGpu;
    }

    public int gpuOf(int slot) {
        return slot / slotsPerGpu;
    }

    public int nodeOf(int gpu) {
        return gpu / gpusPerNode;
    }

    /** The same GPUs with another number of slots on each. */
    public Topology withSlotsPerGpu(int slots) {
        return new Topology(nodes, gpusPerNode, slots);
    }
}
