/**
 * PyTorch archives ({@code torch.save}), read without running anything: a pickle of which only plain values and tensors
 * are understood, in a ZIP file whose entries hold the tensors' bytes.
 */
package io.moeplan.tensors.torch;
