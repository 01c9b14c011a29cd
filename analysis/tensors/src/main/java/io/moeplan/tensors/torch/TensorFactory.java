package io.moeplan.tensors.torch;

import io.moeplan.tensors.DType;
import io.moeplan.tensors.StridedTensor;
import java.io.IOException;

/** Makes tensors out of storages. */
@FunctionalInterface
interface TensorFactory {
    /**
     * A view of a storage.
     *
     * @param offset the first element
     * @throws IOException if the archive has no such storage, or it is too small
     */
    StridedTensor tensor(Value.Storage storage, DType type, long offset, long[] shape, long[] strides)
            throws IOException;
}
