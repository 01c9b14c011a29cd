package io.moeplan.engine.cuda;

import io.moeplan.engine.cuda.driver.NumberType;
import io.moeplan.engine.cuda.weights.Pieces;
import io.moeplan.engine.cuda.weights.Place;
import io.moeplan.engine.cuda.weights.WeightStore;
import io.moeplan.engine.model.Model;

/**
 * How a device's memory is divided; none but {@code fp8} changes what is computed.
 *
 * @param place      where the weights are
 * @param batchBytes unpacked bytes of experts that are taken together
 * @param together   tokens that a layer takes at a time
 * @param fp8        whether experts stored in fp8 are multiplied so where the GPU can
 */
record Division(Place place, long batchBytes, int together, boolean fp8) {
    Division(Place place, long batchBytes, int together) {
        this(place, batchBytes, together, false);
    }

    /**
     * As much as possible as it is used, if enough is left for waves: an eighth of the memory for what layers work with
     * ({@link WaveMemory#of}), half as much for what grows with a wave.
     *
     * @param type of activations and unpacked weights
     */
    static Division of(Model model, NumberType type, long memoryBytes, boolean fp8) {
        int together = WaveMemory.of(model.architecture(), type.bytes(), memoryBytes).together();
        for (Place place : new Place[]{Place.UNPACKED, Place.PACKED}) {
            Pieces pieces = new Pieces(model, type, memoryBytes / 8, fp8);
            if (WeightStore.bytes(place, pieces.used(model.layers().size(), false)) <= memoryBytes / 16 * 13) {
                return new Division(place, memoryBytes / 8, together, fp8);
            }
        }
        return new Division(Place.STREAMED, Math.max(1, memoryBytes / 12), together, fp8);
    }
}
