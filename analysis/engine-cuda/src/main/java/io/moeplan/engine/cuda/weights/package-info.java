/**
 * A model's weights on the device: in pieces, each what one operation of a layer uses, read as the checkpoint stores them and
 * unpacked on the device. {@link io.moeplan.engine.cuda.weights.WeightStore} hands them out in the order of use, whether they stay
 * on the device or come from disk for each use; {@link io.moeplan.engine.cuda.weights.Vectors} are the small ones, which stay.
 */
package io.moeplan.engine.cuda.weights;
