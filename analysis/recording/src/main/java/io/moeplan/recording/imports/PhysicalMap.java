package io.moeplan.recording.imports;

import io.moeplan.tensors.StridedTensor;
import java.io.IOException;

/**
 * From physical to logical experts.
 *
 * @param logical {@code [layers * physical]}
 * @param experts logical experts
 */
record PhysicalMap(int layers, int physical, int[] logical, int experts) {
    /** @throws IOException if an expert has no replica, or numbers are wrong */
    static PhysicalMap of(StridedTensor tensor) throws IOException {
        Counts.requirePossible(tensor, tensor.size(0), tensor.size(1));
        int[] logical = tensor.toInts();
        int most = -1;
        for (int expert : logical) {
            if (expert < 0 || expert >= tensor.size(1)) {
                throw new IOException(tensor.file() + ": last_physical_to_logical_map holds " + expert
                        + ", expected experts from 0 to " + (tensor.size(1) - 1));
            }
            most = Math.max(most, expert);
        }
        return new PhysicalMap((int) tensor.size(0), (int) tensor.size(1), logical, most + 1);
    }
}
