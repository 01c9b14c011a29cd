/**
 * The CUDA backend, and the only place that calls CUDA: the driver, NVRTC and cuBLASLt through the foreign-function API.
 * What is missing on a machine is a value with a reason ({@link io.moeplan.engine.cuda.Cuda#open}), never an exception at
 * class load.
 */
package io.moeplan.engine.cuda;
