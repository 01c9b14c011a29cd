/** NumPy's {@code .npy} files. */
package io.moeplan.tensors.npy;
