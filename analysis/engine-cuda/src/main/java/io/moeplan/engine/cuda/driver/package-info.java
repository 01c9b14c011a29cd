/**
 * The only code that calls CUDA: the driver, NVRTC and cuBLASLt through the foreign-function API. What is missing on a machine
 * is a value with a reason ({@link io.moeplan.engine.cuda.driver.Cuda#open}), never an exception at class load.
 *
 * <p>Streams, events, memory, kernels and dense products, without knowing of models: what is queued, of which shapes, is for the
 * packages above. Device memory is a {@code long} to them, an address that kernels take.
 */
package io.moeplan.engine.cuda.driver;
