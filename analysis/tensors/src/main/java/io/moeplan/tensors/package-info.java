/** Safetensors checkpoints: foreign bytes in, validated tensors out. */
package io.moeplan.tensors;
