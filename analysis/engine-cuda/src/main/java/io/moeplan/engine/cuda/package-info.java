/**
 * The CUDA backend: {@link io.moeplan.engine.cuda.CudaBackend} runs all families in float16, bfloat16 and float32. Here are its
 * waves, the parts of a layer, and how a device's memory is divided between them and the weights.
 *
 * <p>Every operation has a general kernel, queued by its name; where {@code kernels} has one made for the shape, that is taken.
 * Direction: this package sees {@code weights}, {@code kernels} and {@code driver}; {@code weights} and {@code kernels} see
 * {@code driver} and not each other; only {@code driver} calls CUDA.
 */
package io.moeplan.engine.cuda;
