package io.moeplan.engine.cuda;

import io.moeplan.engine.model.Model;

/**
 * How a device's memory is divided; none of it changes what is computed.
 *
 * @param place      where the weights are
 * @param batchBytes unpacked bytes of experts that are taken together
 * @param together   tokens that a layer takes at a time
 */
record Division(Place place, long batchBytes, int together) {
    /** As much as possible as it is used, if a quarter of the memory is left for waves. */
    static Division of(Model model, int elementBytes, long memoryBytes) {
        int together = WaveMemory.of(model.architecture(), elementBytes, memoryBytes).together();
        for (Place place : new Place[]{Place.UNPACKED, Place.PACKED}) {
            Pieces pieces = new Pieces(model, elementBytes, memoryBytes / 8);
            if (WeightStore.bytes(place, pieces.used(model.layers().size(), false)) <= memoryBytes / 4 * 3) {
                return new Division(place, memoryBytes / 8, together);
            }
        }
        return new Division(Place.STREAMED, Math.max(1, memoryBytes / 12), together);
    }
}
