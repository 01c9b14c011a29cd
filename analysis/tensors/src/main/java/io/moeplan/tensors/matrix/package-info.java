/**
 * Weight matrices in the formats checkpoints store them in (plain floats, fp8 with scales, mxfp4), read as float32 in
 * pieces or handed on as they lie.
 */
package io.moeplan.tensors.matrix;
