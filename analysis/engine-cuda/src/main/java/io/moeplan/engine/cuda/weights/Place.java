package io.moeplan.engine.cuda.weights;

/** Where a run's weights are. */
public enum Place {
    /** On the device, as rows of activations' type. */
    UNPACKED,
    /** On the device as the checkpoint stores them, unpacked for each use. */
    PACKED,
    /** On disk, brought to the device for each use. */
    STREAMED
}
