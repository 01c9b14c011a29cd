/**
 * The CUDA backend, and the only place that calls CUDA: the driver, NVRTC and cuBLASLt through the foreign-function API.
 * What is missing on a machine is a value with a reason ({@link io.moeplan.engine.cuda.Cuda#open}), never an exception at
 * class load.
 *
 * <p>{@link io.moeplan.engine.cuda.CudaBackend} runs all families in float32 and bfloat16. Weights come in pieces, each what one
 * operation of a layer uses, as the checkpoint stores them, and are unpacked on the device. Every operation has a general
 * kernel; {@code FastKernels} are those made for particular shapes.
 */
package io.moeplan.engine.cuda;
