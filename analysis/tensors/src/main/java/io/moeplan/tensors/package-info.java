/**
 * Foreign bytes in, validated tensors out: safetensors checkpoints here, PyTorch archives, NumPy arrays and GGUF files in
 * the packages below.
 */
package io.moeplan.tensors;
